"""Time and memory of comparing all layers of a MobileNetV2: python tools/compare_cost.py [--images N] [--save F.json].

Every number of images is measured in a process of its own, so that the peak of its memory is its own. A comparison of
one image comes before the clock starts, so that no compiling is timed. The model is compared with itself on real
numbers ("dequant"). Needs ../shared.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from numpy.typing import NDArray

from intengine.accuracy import compare
from intengine.accuracy.comparing import ATTRIBUTED
from tools.shared_data import ROOT, SHARED

MODEL = "classification/mobilenet_v2_1.0_224_ptq_int8"


def images(count: int) -> NDArray[np.uint8]:
    """uint8[count, 224, 224, 3], real photographs of the visual wake words set, enlarged."""
    from PIL import Image

    with np.load(SHARED / "data" / "vww_test300.npz") as data:
        pixels = data["images"][:count]
    return np.stack([np.asarray(Image.fromarray(one).resize((224, 224))) for one in pixels])


def measure(count: int) -> dict[str, Any]:
    """One comparison's figures; call it in a process that has done nothing else."""
    path, data = SHARED / "models" / f"{MODEL}.tflite", images(count)
    compare("dequant", path, data[:1])
    wall, cpu = time.perf_counter(), time.process_time()
    found = compare("dequant", path, data)
    return {
        "images": found.samples,
        "layers": len(found.layers),
        "attributed": min(ATTRIBUTED, count),
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        "load": os.getloadavg()[0],
    }


def main() -> int:
    """Measures, prints and keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, action="append", help="how many (may be repeated); 30 and 300")
    parser.add_argument("--save", type=Path, help="put the figures into this JSON file")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    counts = args.images or [30, 300]
    if args.here:
        print(json.dumps(measure(counts[0])))
        return 0
    runs = []
    for count in counts:
        command = [sys.executable, __file__, "--here", "--images", str(count)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
        runs.append(json.loads(done.stdout))
        print(runs[-1], flush=True)
    if args.save:
        saved = json.loads(args.save.read_text()) if args.save.exists() else {}
        saved["cost"] = {"model": MODEL.split("/")[-1], "layers": runs[0]["layers"], "runs": runs}
        args.save.write_text(json.dumps(saved, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
