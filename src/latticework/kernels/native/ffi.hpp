// The XLA handlers, as bare addresses.
#pragma once

namespace latticework {

void* update_handler();
void* score_handler();
void* train_handler();
void* cube_forward_handler();
void* cube_backward_handler();

}  // namespace latticework
