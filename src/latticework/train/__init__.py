"""The training loop for all families: optimisers, checkpoints and the record of a run."""

from latticework.train.checkpoint import load as load_checkpoint  # noqa: F401
from latticework.train.config import StagingConfig as StagingConfig
from latticework.train.config import TrainingConfig as TrainingConfig
from latticework.train.evaluate import Evaluator as Evaluator
from latticework.train.files import plain as plain
from latticework.train.files import write_atomically as write_atomically
from latticework.train.files import write_json as write_json
from latticework.train.launch import Launch as Launch
from latticework.train.learned_data import data_difference as data_difference
from latticework.train.learned_data import data_facts as data_facts
from latticework.train.learned_data import learned_data as learned_data
from latticework.train.loop import train as train
from latticework.train.optimisers import OptimiserConfig as OptimiserConfig
from latticework.train.optimisers import build as build
from latticework.train.progress import AbstractProgress as AbstractProgress
from latticework.train.progress import ForgivingProgress as ForgivingProgress
from latticework.train.progress import LineProgress as LineProgress
from latticework.train.progress import RichProgress as RichProgress
from latticework.train.progress import SilentProgress as SilentProgress
from latticework.train.progress import choose_progress as choose_progress
from latticework.train.protocol import Protocol as Protocol
from latticework.train.record import RunFolder as RunFolder
from latticework.train.record import run_folder as run_folder
from latticework.train.results import Outcome as Outcome
from latticework.train.results import Summary as Summary
from latticework.train.results import TrainResult as TrainResult
from latticework.train.staged import train_in_stages as train_in_stages
