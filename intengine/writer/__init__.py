"""Writing .tflite files: `dump(model) -> bytes`, and a builder of small models."""

from intengine.writer.builder import ModelBuilder, SubgraphBuilder
from intengine.writer.encode import dump
from intengine.writer.packing import pack
from intengine.writer.sparse import compress

__all__ = ["ModelBuilder", "SubgraphBuilder", "compress", "dump", "pack"]
