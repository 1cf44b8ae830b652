// What the kernels of the cube are told, and what one cell computes.
//
//   x_0 given; S_{n+1} = sweep(x_n), x_n = LN(S_n)                 plain
//   x_0 = S_0; q_n = LN(S_n), S_{n+1} = S_n + (sweep(q_n) - q_n)   residual
//
// What a sweep sees, x_n or q_n, is called `seen`. Arrays lie as outside: [example, cell], weights
// [tap, channel, cell], cells row-major.
#pragma once

#include "team.hpp"

namespace latticework {
namespace cuda {

constexpr int kTaps = 27;  // neighbours of a cell, itself included

enum Activation : int { kSilu = 0, kRelu = 1, kLeakyRelu = 2, kTanh = 3 };

struct Shape {
  int dims[3], block[3], window[3], counts[3];
  int cells, block_cells, window_cells, num_blocks;
  int batch, inner_steps, activation;

  Shape() = default;
  Shape(const int* all, const int* part, int batch, int inner_steps, int activation)
      : cells(1), block_cells(1), window_cells(1), num_blocks(1), batch(batch),
        inner_steps(inner_steps), activation(activation) {
    for (int axis = 0; axis < 3; ++axis) {
      dims[axis] = all[axis], block[axis] = part[axis], window[axis] = part[axis] + 2;
      counts[axis] = (all[axis] + part[axis] - 1) / part[axis];
      cells *= dims[axis], block_cells *= block[axis], window_cells *= window[axis];
      num_blocks *= counts[axis];
    }
  }
};

// A place in a box, from its number.
struct Spot {
  int i, j, k;

  LW_DEVICE Spot(int number, const int* size)
      : i(number / (size[1] * size[2])), j(number / size[2] % size[1]), k(number % size[2]) {}
  LW_DEVICE Spot(int i, int j, int k) : i(i), j(j), k(k) {}
  LW_DEVICE int number(const int* size) const { return (i * size[1] + j) * size[2] + k; }
  LW_DEVICE bool is_in(const int* size) const {
    return i >= 0 && i < size[0] && j >= 0 && j < size[1] && k >= 0 && k < size[2];
  }
};

LW_DEVICE Spot neighbour(Spot at, int tap) {
  return {at.i + tap / 9 - 1, at.j + tap / 3 % 3 - 1, at.k + tap % 3 - 1};
}

// The first cell of a block.
LW_DEVICE Spot corner(const Shape& shape, int block) {
  const Spot at(block, shape.counts);
  return {at.i * shape.block[0], at.j * shape.block[1], at.k * shape.block[2]};
}

LW_DEVICE size_t entry(const Shape& shape, int example, int cell) {
  return static_cast<size_t>(example) * shape.cells + cell;
}

// The normalisation of one example: (v - mean) * root, root = 1 / sqrt(variance + eps).
template <class Real>
struct Norm {
  Real mean, root;
};

// Of all examples, [2, batch]; none where what is seen is the state itself.
template <class Real>
LW_DEVICE Norm<Real> norm_of(const Real* stats, int batch, int example) {
  if (!stats) return {Real(0), Real(1)};
  return {stats[example], stats[batch + example]};
}

template <class Real>
struct Phi {
  Real value, slope;
};

LW_DEVICE float exponential(float x) { return expf(x); }
LW_DEVICE double exponential(double x) { return exp(x); }
LW_DEVICE float hyperbolic(float x) { return tanhf(x); }
LW_DEVICE double hyperbolic(double x) { return tanh(x); }

template <class Real>
LW_DEVICE Real sigmoid(Real drive) {
  return Real(1) / (Real(1) + exponential(-drive));
}

// The activation and its derivative; at a kink the derivative is that of the left side.
template <class Real>
LW_DEVICE Phi<Real> phi(int activation, Real drive) {
  if (activation == kSilu) {
    const Real gate = sigmoid(drive);
    return {drive * gate, gate * (Real(1) + drive * (Real(1) - gate))};
  }
  if (activation == kTanh) {
    const Real value = hyperbolic(drive);
    return {value, Real(1) - value * value};
  }
  const Real slope = drive > Real(0) ? Real(1) : activation == kRelu ? Real(0) : Real(0.01);
  return {slope * drive, slope};
}

// The next state of a cell from its drives; a gated cell has no scale.
template <class Real, bool kGated>
LW_DEVICE Real updated(int activation, const Real* drive, Real state, Real scale) {
  const Real value = phi(activation, drive[0]).value;
  if constexpr (kGated) {
    const Real gate = sigmoid(drive[1]);
    return gate * state + (Real(1) - gate) * value;
  } else {
    return state + scale * value;
  }
}

// What the adjoint of a cell's next state makes of its drives, its state and its scale.
template <class Real>
struct Pulled {
  Real drive[2], state, scale;
};

template <class Real, bool kGated>
LW_DEVICE Pulled<Real> pulled(int activation, const Real* drive, Real state, Real scale,
                              Real given) {
  const Phi<Real> both = phi(activation, drive[0]);
  if constexpr (kGated) {
    const Real gate = sigmoid(drive[1]);
    return {{given * (Real(1) - gate) * both.slope,
             given * (state - both.value) * gate * (Real(1) - gate)},
            given * gate,
            Real(0)};
  } else {
    return {{given * scale * both.slope, Real(0)}, given, given * both.value};
  }
}

// The parameters of one step's sweep.
template <class Real>
struct Weights {
  const Real* weight;  // [tap, channel, cell]
  const Real* bias;    // [channel, cell]
  const Real* scale;   // [cell], not if gated
};

// Of the normalisation, [cell].
template <class Real>
struct Affine {
  const Real* weight;
  const Real* bias;
};

// Sums over a group of examples, of all parameters of a sweep or of the normalisation.
template <class Real>
struct Sums {
  Real* weight;  // [tap, channel, cell]
  Real* bias;    // [channel, cell]
  Real* scale;   // [cell], not if gated
};

}  // namespace cuda
}  // namespace latticework
