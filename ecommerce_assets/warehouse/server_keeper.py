"""The program that keeps an embedded server running while another program is connected to it."""

import sys
from pathlib import Path

from ecommerce_assets.warehouse.server import EmbeddedServer

if __name__ == "__main__":
    EmbeddedServer(Path(sys.argv[1])).keep(int(sys.argv[2]), float(sys.argv[3]))
