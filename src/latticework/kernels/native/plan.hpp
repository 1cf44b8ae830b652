// The integer tables of a wiring, as laid out by native_tables.py, and the options of a call.
// leaky_tables.cpp says what must hold.
#pragma once

#include <cstddef>
#include <cstdint>

namespace latticework {

// Sections of the plan follow each other in this order; lengths derive from the header.
struct Plan {
  static constexpr int32_t kMagic = 0x4c573033;  // changes with the layout
  static constexpr int kHeader = 16;

  int num_cells, num_slots, num_channels, num_classes, num_inputs, num_edges;
  int num_ports, num_forward_rows, num_message_rows, num_pairs, num_pair_inputs, num_idle;

  const int32_t* in_ptr;       // [cell + 1] connected slots of a cell
  const int32_t* in_source;    // [input] cell, or num_cells + channel
  const int32_t* in_slot;      // [input] slot of the weight
  const int32_t* out_ptr;      // [cell + 1] users of a cell
  const int32_t* out_cell;     // [edge] the user
  const int32_t* out_input;    // [edge] which input it is there
  const int32_t* port_ptr;     // [cell + 1] readouts of a cell
  const int32_t* port_class;   // [port]
  const int32_t* port_sign;    // [port] +1, or -1 where it counts against the class
  const int32_t* forward_row;  // [cell] where outputs live until the last user has read them
  const int32_t* message_row;  // [cell] likewise for messages, from the last cell to the first
  const int32_t* by_depth;     // [cell] cells of equal depth side by side
  // Kept influences (cell j, descendant d), by stage; self pairs first. Empty without traces.
  const int32_t* pair_source;       // [pair] j
  const int32_t* pair_target;       // [pair] d
  const int32_t* pair_in_ptr;       // [pair + 1]
  const int32_t* pair_in_pair;      // [pair input] the pair (j, p), p a predecessor of d
  const int32_t* pair_in_input;     // [pair input] which input of d that is

  // What a port adds to its class, per output.
  template <class T>
  T signed_gain(int port, T gain) const {
    return port_sign[port] < 0 ? -gain : gain;
  }
};

// What is asked for beside the wiring.
struct Options {
  double dt = 0;             // seconds
  double readout_gain = 1;
  bool per_step_loss = false;
  bool broadcast = false;    // signal: broadcast instead of message
  int num_levels = 1;        // adjoint levels
  bool wraps = true;         // the last level feeds itself: influence without end
  bool uses_traces = false;  // forward traces instead of the adjoint
  double trace_leak = 0;
  double gain_positive = 1;
  double gain_negative = 1;
  double subtraction_bias = 0;
  double trace_noise = 0;
  double message_noise = 0;
  int num_threads = 0;       // 0: as the environment says
  int trace_bits = 0;        // of a stored trace; 0: as it is
  double trace_limit = 4;
  bool trace_rounds_at_random = false;

  bool has_gains() const { return gain_positive != 1 || gain_negative != 1; }
  bool is_noisy() const { return trace_noise != 0 || message_noise != 0; }
};

}  // namespace latticework
