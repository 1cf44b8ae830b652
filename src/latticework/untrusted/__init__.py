"""What somebody else may have made: the only place where files from outside are decoded.

A file is refused by a ValueError of one sentence, never by another exception; what it announces is
held against limits before anything is allocated; nothing in it is executed.
"""

from latticework.untrusted import schema as schema
from latticework.untrusted.arrays import read_npy as read_npy
from latticework.untrusted.arrays import read_npz as read_npz
from latticework.untrusted.files import read_file as read_file
from latticework.untrusted.json_text import parse_json as parse_json
from latticework.untrusted.json_text import read_json as read_json
from latticework.untrusted.json_text import read_json_lines as read_json_lines
from latticework.untrusted.names import file_name as file_name
from latticework.untrusted.names import printable as printable
from latticework.untrusted.tensors import decode_tensors as decode_tensors
