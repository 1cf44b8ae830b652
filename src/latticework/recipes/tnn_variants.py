"""The published variants of V11 and V12, and those with a clustering column in front."""

from latticework.readouts import SigmoidSgd
from latticework.recipes.base import Published
from latticework.recipes.tnn_versions import RTNN, published
from latticework.recipes.tnn_wirings import (
    INPUT_RULE,
    RECURRENT_RULE,
    SPARSE_16,
    SPARSE_32,
    V7,
    V8,
    clustered,
    direct,
    feedback,
)
from latticework.recipes.wave_recipe import WaveRecipe
from latticework.rules import Stdp
from latticework.tasks import WaveImage
from latticework.topologies import Column, Columns, Uniform

LONG = SigmoidSgd(epochs=100)
"""The readout of the tables of variants."""

CENTRE = WaveImage(crop=8)


def _variant(
    name: str,
    summary: str,
    wiring: Columns,
    numbers: Published,
    corrected: Columns | None = None,
    task: WaveImage | None = None,
) -> WaveRecipe:
    """A variant of V11 or V12: last wave, 100 readout epochs."""
    return WaveRecipe(
        f"tnn-{name}",
        f"{summary}; last wave, 100 readout epochs",
        RTNN,
        numbers,
        task=task or WaveImage(),
        wiring=wiring,
        corrected_wiring=corrected,
        classifier=LONG,
        reads="last",
    )


STRONGER = Uniform(32, low=16, sparse=0.9)
STRONGER_MEANT = Uniform(32, high=16, sparse=0.9)

V11_VARIANTS = (
    _variant(
        "v11-baseline",
        "V11",
        V7,
        published(21.32, 18.1, 1.3, "20.02 to 21.32 in different places"),
    ),
    _variant(
        "v11-sparser-stronger",
        "V11 with recurrent weights of 24 on 2 % of entries",
        direct(feedback(Uniform(24, low=24, sparse=0.98)), buffers=1),
        published(17.12, 19.8, 2.1),
    ),
    _variant(
        "v11-stronger-recurrence",
        "V11 with recurrent weights from 16 to 32, a limit put on the wrong side",
        direct(feedback(STRONGER), buffers=1),
        published(17.92, 12.2, 3.0),
        corrected=direct(feedback(STRONGER_MEANT), buffers=1),
    ),
    _variant(
        "v11-denser-recurrence",
        "V11 with 40 % of recurrent weights in place of 10 %",
        direct(feedback(Uniform(16, sparse=0.6)), buffers=1),
        published(14.21, 18.3, 1.3),
    ),
    _variant(
        "v11-more-buffers",
        "V11 with two buffers",
        direct(feedback(SPARSE_16, buffers=(1, 2)), buffers=2),
        published(22.52, 17.2, 5.4),
    ),
    _variant(
        "v11-more-buffers2",
        "V11 with two buffers, 24 on 2 % and 16 on 1 %",
        direct(
            (
                *feedback(Uniform(24, low=24, sparse=0.98)),
                *feedback(Uniform(16, low=16, sparse=0.99), buffers=(2,)),
            ),
            buffers=2,
        ),
        published(20.42, 20.9, 1.9),
    ),
    _variant("v11-no-recurrence", "V11 without recurrence", direct(), published(20.02, 16.0, 1.3)),
)

V12_VARIANTS = (
    _variant("v12-baseline", "V12", V8, published(20.02, 21.5, 1.7)),
    _variant(
        "v12-more-buffers",
        "V12 with two buffers of up to 32",
        direct(feedback(SPARSE_32, RECURRENT_RULE, (1, 2)), buffers=2),
        published(18.42, 14.9, 3.5),
    ),
    _variant(
        "v12-more-buffers-weaker",
        "V12 with two buffers that start at 0, threshold 16, stronger input rule",
        direct(
            feedback(Uniform(0), RECURRENT_RULE, (1, 2)),
            buffers=2,
            threshold=16,
            rule=Stdp(20, 20, 8, 96, 8, 16),
        ),
        published(19.82, 16.4, 1.1),
    ),
    _variant(
        "v12-even-more-buffers",
        "V12 with a chain of four buffers, the second and fourth feeding back",
        direct(
            feedback(Uniform(8, sparse=0.9), Stdp(30, 30, 10, 96, 16, 8), (2, 4)),
            buffers=4,
        ),
        published(18.42, 21.4, 1.9),
    ),
)

SMALL_FIELD = (
    _variant(
        "v11-8x8",
        "V11 on the central 8x8 pixels",
        V7,
        published(27.03, 27.3, 2.6),
        task=CENTRE,
    ),
    _variant(
        "v11-8x8-more-buffers",
        "the same with two buffers",
        direct(feedback(SPARSE_16, buffers=(1, 2)), buffers=2),
        published(23.22, 22.2, 1.0),
        task=CENTRE,
    ),
    _variant(
        "v11-8x8-no-recurrence",
        "the same without recurrence",
        direct(),
        published(27.73, 26.3, 1.5),
        task=CENTRE,
    ),
)

CLUSTER_FIRST = (
    _variant(
        "cluster-first",
        "a column of 100 before the recurrent one",
        clustered(Column("tnn", 100, 32, 10), (INPUT_RULE, INPUT_RULE), 1, feedback(SPARSE_32)),
        published(11.21, 10.9, 0.8),
    ),
    _variant(
        "cluster-first-more-buffers",
        "the same with a chain of four buffers, the last feeding back",
        clustered(
            Column("tnn", 100, 32, 10),
            (INPUT_RULE, RECURRENT_RULE),
            4,
            feedback(SPARSE_32, buffers=(4,)),
        ),
        published(12.71, 13.1, 1.6),
    ),
)

VARIANTS = (*V11_VARIANTS, *V12_VARIANTS, *SMALL_FIELD, *CLUSTER_FIRST)
