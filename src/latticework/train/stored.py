"""What the JSON of a run folder must be before anything is done with it."""

from latticework.untrusted import schema

_PER_SEED = schema.items(schema.optional(schema.number))
_COUNT_OR_WORDS = schema.either(schema.whole(0), schema.text, "a whole number or a text")

_NOTES = {
    "notes": schema.items(
        schema.record({"epoch": schema.whole(0), "step": schema.whole(0), "text": schema.text})
    )
}

EPOCH = schema.record(
    {"epoch": schema.whole(0)},
    {
        "steps": schema.whole(0),
        "train_loss": schema.optional(schema.number),
        "train_accuracy": schema.optional(schema.number),
        "test_accuracy": schema.optional(schema.number),
        "test_score": schema.optional(schema.number),
        "score": schema.text,
        "test_examples": schema.optional(_COUNT_OR_WORDS),
        "per_seed": schema.mapping(_PER_SEED),
        "seconds": schema.number,
        "images_per_second": schema.number,
    },
)
"""A line of metrics.jsonl."""

RESULT = schema.record(
    {},
    {
        "per_seed": schema.optional(_PER_SEED),
        "dataset": schema.text,
        "test_accuracy": schema.optional(schema.number),
        "test_score": schema.optional(schema.number),
        "score": schema.text,
        "summary": schema.optional(
            schema.record(
                {
                    **dict.fromkeys(("mean", "min", "max"), schema.number),
                    "sd": schema.optional(schema.number),
                }
            )
        ),
        "seeds": schema.items(schema.whole(0)),
        "epochs": schema.whole(0),
        "outcome": schema.text,
        "seconds": schema.number,
        "images_per_second": schema.number,
        "kernel": schema.text,
        "position": schema.mapping(schema.either(schema.whole(0), schema.flag, "a position")),
    },
)
"""result.json, and the record in a raw result."""

MADE_BY = schema.record(
    {"fingerprint": schema.mapping(schema.anything)},
    {"epoch": schema.whole(0), "is_read": schema.flag},
)
"""Metadata of a checkpoint of either kind, for who only wants to know whose it is."""

POSITION = schema.record(
    {
        "fingerprint": schema.mapping(schema.anything),
        "epoch": schema.whole(0),
        "step": schema.whole(0),
        "seconds": schema.number,
        "train_seconds": schema.number,
    },
    _NOTES,
)
"""Metadata of a checkpoint."""

STAGED_POSITION = schema.record(
    {
        "fingerprint": schema.mapping(schema.anything),
        "learned": schema.whole(0),
        "is_read": schema.flag,
        "losses": schema.items(schema.items(schema.number, least=1)),
        "seconds": schema.number,
        "train_seconds": schema.number,
    },
    _NOTES,
)
"""Metadata of a checkpoint of a run in stages."""

DATA = schema.record(dict.fromkeys(("name", "origin", "sha256"), schema.text))
"""data.json."""
