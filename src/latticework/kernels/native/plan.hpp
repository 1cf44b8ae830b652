// The integer tables of a wiring, as laid out by native_tables.py, and the options of a call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace latticework {

// Sections of the plan follow each other in this order; lengths derive from the header.
struct Plan {
  static constexpr int32_t kMagic = 0x4c573032;  // changes with the layout
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
  const int32_t* forward_row;  // [cell] where outputs live until the last user has read them
  const int32_t* message_row;  // [cell] likewise for messages, from the last cell to the first
  const int32_t* by_depth;     // [cell] cells of equal depth side by side
  // Kept influences (cell j, descendant d), by stage; self pairs first. Empty without traces.
  const int32_t* pair_source;       // [pair] j
  const int32_t* pair_target;       // [pair] d
  const int32_t* pair_in_ptr;       // [pair + 1]
  const int32_t* pair_in_pair;      // [pair input] the pair (j, p), p a predecessor of d
  const int32_t* pair_in_input;     // [pair input] which input of d that is

  // Returns why the data is not a plan, or null.
  const char* parse(const int32_t* data, size_t size) {
    if (size < kHeader || data[0] != kMagic) return "the plan has another layout";
    int* fields[] = {&num_cells,        &num_slots,        &num_channels, &num_classes,
                     &num_inputs,       &num_edges,        &num_ports,    &num_forward_rows,
                     &num_message_rows, &num_pairs,        &num_pair_inputs, &num_idle};
    for (int n = 0; n < 12; ++n) {
      *fields[n] = data[n + 1];
      if (data[n + 1] < 0) return "the plan has a negative size";
    }
    struct Section {
      const int32_t** where;
      int size;
    };
    const int pair_ptr_size = num_pairs ? num_pairs + 1 : 0;
    const Section sections[] = {
        {&in_ptr, num_cells + 1},      {&in_source, num_inputs},      {&in_slot, num_inputs},
        {&out_ptr, num_cells + 1},     {&out_cell, num_edges},        {&out_input, num_edges},
        {&port_ptr, num_cells + 1},    {&port_class, num_ports},      {&forward_row, num_cells},
        {&message_row, num_cells},     {&by_depth, num_cells},        {&pair_source, num_pairs},
        {&pair_target, num_pairs},     {&pair_in_ptr, pair_ptr_size}, {&pair_in_pair, num_pair_inputs},
        {&pair_in_input, num_pair_inputs},
    };
    size_t at = kHeader;
    for (const Section& section : sections) {
      if (at + section.size > size) return "the plan is cut short";
      *section.where = data + at;
      at += section.size;
    }
    return at == size ? nullptr : "the plan is too long";
  }
};

// What is asked for beside the wiring; an array of doubles from Python, in this order.
struct Options {
  static constexpr int kCount = 18;

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

  const char* parse(const double* data, size_t size) {
    if (size != kCount) return "the options have another layout";
    dt = data[0];
    readout_gain = data[1];
    per_step_loss = data[2] != 0;
    broadcast = data[3] != 0;
    num_levels = static_cast<int>(data[4]);
    wraps = data[5] != 0;
    uses_traces = data[6] != 0;
    trace_leak = data[7];
    gain_positive = data[8];
    gain_negative = data[9];
    subtraction_bias = data[10];
    trace_noise = data[11];
    message_noise = data[12];
    num_threads = static_cast<int>(data[13]);
    trace_bits = static_cast<int>(data[14]);
    trace_limit = data[15];
    trace_rounds_at_random = data[16] != 0;
    if (num_levels < 1) return "there must be at least one level";
    if (trace_bits < 0 || trace_bits > 30) return "traces have 0 to 30 bits";
    return nullptr;
  }
};

}  // namespace latticework
