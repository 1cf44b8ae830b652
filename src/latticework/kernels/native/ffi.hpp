// The XLA handlers, as bare addresses.
#pragma once

namespace latticework {

void* update_handler();
void* score_handler();
void* train_handler();
void* glom_handler();
void* glom_back_handler();
void* waves_handler();
void* cube_forward_handler();
void* cube_backward_handler();

}  // namespace latticework
