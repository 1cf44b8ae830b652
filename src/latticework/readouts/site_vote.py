"""What many sites say about one image: they vote, or their vectors are averaged."""

from dataclasses import dataclass
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from latticework.core.checks import require
from latticework.core.loss import cross_entropy, one_hot

SiteLoss = Literal["mse", "site_cross_entropy", "mean_cross_entropy"]
Verdict = Literal["vote", "mean"]


@dataclass(frozen=True)
class SiteReadout:
    """The first channels of the top level are the classes.

    Losses, over the sites that take part:

        mse                  mean of (top - one_hot)^2 over sites and channels, as published
        site_cross_entropy   mean over sites of -log softmax(gain top)[target]
        mean_cross_entropy   -log softmax(gain mean_sites(top))[target]

    Verdicts: each site votes for its first largest channel and the class with most votes wins
    (the first on ties), or the mean top vector decides.

    Args:
        loss: which loss; a site_cross_entropy of weight `site_weight` may be added to the third.
        verdict: "vote" or "mean".
        gain: factor on the vectors inside a softmax.
        site_weight: weight of the sites' own cross entropy beside that of their mean.

    Raises:
        ValueError: a value is out of range.
    """

    loss: SiteLoss = "mse"
    verdict: Verdict = "vote"
    gain: float = 1.0
    site_weight: float = 0.0

    def __post_init__(self) -> None:
        for value, known, what in (
            (self.loss, get_args(SiteLoss), "loss"),
            (self.verdict, get_args(Verdict), "verdict"),
        ):
            require(value in known, f"{what} is {value!r}, expected one of {', '.join(known)}")
        require(self.gain > 0, f"gain is {self.gain}, expected a positive number")
        require(self.site_weight >= 0, f"site_weight is {self.site_weight}, expected 0 or more")

    def scores(
        self, top: Float[Array, "channel batch row col"], alive: Bool[Array, "batch row col"]
    ) -> Float[Array, "batch class"]:
        """Votes per class, or the mean vector."""
        if self.verdict == "mean":
            return site_mean(top, alive).T
        return self.votes(top, alive).astype(top.dtype)

    def votes(
        self, top: Float[Array, "channel batch row col"], alive: Bool[Array, "batch row col"]
    ) -> Int[Array, "batch class"]:
        """How many sites vote for each class."""
        ballots = jax.nn.one_hot(jnp.argmax(top, axis=0), top.shape[0], dtype=jnp.int32)
        return jnp.sum(ballots * alive[..., None].astype(jnp.int32), axis=(1, 2))

    def losses(
        self,
        top: Float[Array, "channel batch row col"],
        alive: Bool[Array, "batch row col"],
        targets: Int[Array, " batch"],
    ) -> Float[Array, " batch"]:
        """The loss of each image."""
        if self.loss == "mse":
            return site_mean(self._squares(top, targets), alive)
        gain = jnp.asarray(self.gain, top.dtype)
        at_sites = self._site_losses(gain * top, alive, targets)
        if self.loss == "site_cross_entropy":
            return at_sites
        whole = cross_entropy(gain * site_mean(top, alive).T, targets)
        return whole + jnp.asarray(self.site_weight, top.dtype) * at_sites

    def _squares(self, top: Array, targets: Array) -> Array:
        """`[batch, row, col]`: mean over channels of the squared error."""
        wanted = one_hot(targets, top.shape[0], axis=0, dtype=top.dtype)
        return jnp.mean(jnp.square(top - wanted[..., None, None]), axis=0)

    def _site_losses(self, logits: Array, alive: Array, targets: Array) -> Array:
        """Mean over sites of their own cross entropy."""
        if self.loss == "mean_cross_entropy" and self.site_weight == 0:
            return jnp.zeros(logits.shape[1], logits.dtype)
        each = jnp.broadcast_to(targets[:, None, None], alive.shape)
        return site_mean(cross_entropy(jnp.moveaxis(logits, 0, -1), each), alive)


def site_mean(
    values: Float[Array, "... batch row col"], alive: Bool[Array, "batch row col"]
) -> Float[Array, "... batch"]:
    """Mean over the sites that take part; over none it is 0."""
    weight = alive.astype(values.dtype)
    weight = weight.reshape((1,) * (values.ndim - 3) + alive.shape)
    total = jnp.sum(weight, axis=(-2, -1))
    return jnp.sum(values * weight, axis=(-2, -1)) / jnp.maximum(total, 1)
