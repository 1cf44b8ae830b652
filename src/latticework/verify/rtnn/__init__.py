"""The golden files of the published temporal neural networks, project 18847-rTNN."""

from latticework.verify.families import Family, Layout
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

_ENCODER = Layout("encoder", ("count_*T*", "row_spikes_T*"), replay_encoder)
_TABLE = Layout("table of the encoder", ("count", "deviates"), replay_table)
_POISSON = Layout("Poisson intervals", ("rate_hz", "p_spike_at_t"), replay_poisson)
_RANKS = Layout("rank order", ("spike_index",), replay_rank_order)
_DIRECT = Layout(
    "columns with given drives", ("*_x", "*_meta", "*_s_faithful"), replay_layer_direct
)
_NETWORK = Layout(
    "columns behind weights", ("*_in_count", "*_meta", "*_s_faithful"), replay_layer_network
)
_STDP = Layout("plasticity", ("M*_w0", "M*_u1111_umin1"), replay_stdp)
_MEANS = Layout("mean plasticity", ("*_analytic", "*_params"), replay_stdp_statistics)
_IMAGE = Layout("one image", ("readout_faithful", "s_rtnn_faithful"), replay_image)
_NO_INHIBITION = Layout(
    "one image without inhibition", ("s_rtnn", "s_buf", "readout"), replay_no_inhibition
)
_CHAIN = Layout("chain of buffers", ("s_B1_faithful", "s_B2_faithful"), replay_chain)
_READOUT = Layout("readout", ("w_after_epoch", "b_after_epoch"), replay_readout)
_TRAININGS = Layout(
    "statistics of trainings", ("wff_hist_edges", "replicas"), replay_training_statistics
)

RTNN = Family(
    "rtnn",
    {
        "encoder.npz": _ENCODER,
        "encoder_table_T16.npz": _TABLE,
        "encoder_table_T8.npz": _TABLE,
        "poisson_stats.npz": _POISSON,
        "rank_order.npz": _RANKS,
        "layer_direct.npz": _DIRECT,
        "layer_network.npz": _NETWORK,
        "stdp_deterministic.npz": _STDP,
        "stdp_montecarlo.npz": _MEANS,
        "v8_image.npz": _IMAGE,
        "v8_nowta.npz": _NO_INHIBITION,
        "chain_two_buffers.npz": _CHAIN,
        "readout_sgd.npz": _READOUT,
        "v8_train_stats.npz": _TRAININGS,
    },
)

__all__ = ["RTNN"]
