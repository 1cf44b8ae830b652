"""The page in the browser: what it loads, and the server that hands it out."""

from latticework.demo.export import export_run
from latticework.demo.model_file import ModelFile
from latticework.demo.server import DemoServer
from latticework.demo.site import Site, build_site

__all__ = ["DemoServer", "ModelFile", "Site", "build_site", "export_run"]
