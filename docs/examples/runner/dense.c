/* One int8 fully connected layer: numbers on standard input, outputs on standard output.

   In: channels, depth, input zero point, output zero point, multiplier, shift, weights, bias, inputs.
   The accumulator times multiplier * 2^(shift - 31) is rounded twice: halves up, then halves away from zero. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static long number(void) {
  long value;
  if (scanf("%ld", &value) != 1) exit(2);
  return value;
}

static int32_t requantize(int32_t acc, int32_t multiplier, int shift) {
  int right = shift < 0 ? -shift : 0;
  int64_t left = (int64_t)acc * ((int64_t)1 << (shift > 0 ? shift : 0));
  int64_t high = (left * multiplier + ((int64_t)1 << 30)) >> 31;
  int64_t half = right ? (int64_t)1 << (right - 1) : 0;
  return (int32_t)((high + half - (right && high < 0)) >> right);
}

int main(void) {
  int channels = (int)number(), depth = (int)number();
  int32_t zero_in = (int32_t)number(), zero_out = (int32_t)number(), multiplier = (int32_t)number();
  int shift = (int)number();
  int8_t *weights = malloc((size_t)channels * depth), *inputs = malloc((size_t)depth);
  int32_t *bias = malloc(sizeof(int32_t) * (size_t)channels);
  if (!weights || !inputs || !bias) return 1;
  for (int i = 0; i < channels * depth; i++) weights[i] = (int8_t)number();
  for (int i = 0; i < channels; i++) bias[i] = (int32_t)number();
  for (int i = 0; i < depth; i++) inputs[i] = (int8_t)number();
  for (int c = 0; c < channels; c++) {
    int32_t acc = bias[c];
    for (int i = 0; i < depth; i++) acc += weights[c * depth + i] * (inputs[i] - zero_in);
    int32_t y = requantize(acc, multiplier, shift) + zero_out;
    printf("%d\n", y < -128 ? -128 : y > 127 ? 127 : y);
  }
  free(weights);
  free(inputs);
  free(bias);
  return 0;
}
