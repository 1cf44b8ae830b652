// The XLA handlers, as bare addresses.
#pragma once

namespace latticework {

void* update_handler();
void* score_handler();

}  // namespace latticework
