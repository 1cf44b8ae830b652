// What becomes of errors in tasks, and of threads that are not to be had.
#pragma once

namespace fuzz {

// 0 where all is well; else a sentence on stderr, and 1.
int test_pool();

}  // namespace fuzz
