"""The golden files of the published temporal neural networks, project 18847-rTNN."""

from latticework.verify.families import Family
from latticework.verify.rtnn.codes import (
    replay_encoder,
    replay_poisson,
    replay_rank_order,
    replay_table,
)
from latticework.verify.rtnn.layers import replay_layer_direct, replay_layer_network
from latticework.verify.rtnn.learning import (
    replay_readout,
    replay_stdp,
    replay_stdp_statistics,
    replay_training_statistics,
)
from latticework.verify.rtnn.networks import replay_chain, replay_image, replay_no_inhibition

RTNN = Family(
    "rtnn",
    {
        "encoder.npz": replay_encoder,
        "encoder_table_T16.npz": replay_table,
        "encoder_table_T8.npz": replay_table,
        "poisson_stats.npz": replay_poisson,
        "rank_order.npz": replay_rank_order,
        "layer_direct.npz": replay_layer_direct,
        "layer_network.npz": replay_layer_network,
        "stdp_deterministic.npz": replay_stdp,
        "stdp_montecarlo.npz": replay_stdp_statistics,
        "v8_image.npz": replay_image,
        "v8_nowta.npz": replay_no_inhibition,
        "chain_two_buffers.npz": replay_chain,
        "readout_sgd.npz": replay_readout,
        "v8_train_stats.npz": replay_training_statistics,
    },
)

__all__ = ["RTNN"]
