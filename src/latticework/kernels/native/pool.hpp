// Threads that share out numbered tasks.
#pragma once

#include <atomic>
#include <functional>

namespace latticework {

// Calls task(0) .. task(count - 1), each once, on up to `num_threads` threads, the caller among
// them; returns when all are done. Which thread takes which task is left to chance, so tasks must
// not depend on it. Calls from several threads at once are fine: who comes second works alone.
//
// Where a task throws, tasks that have not begun are left out, and the first error is thrown here
// once no thread works any more.
void run_tasks(int count, int num_threads, const std::function<void(int)>& task);

// Threads to use when the caller does not say: LATTICEWORK_THREADS, else the cores of this process.
int default_threads();

#ifdef LATTICEWORK_FUZZ
// As if the system gave no more threads, to test what happens then.
extern std::atomic<bool> refuses_threads;
#endif

}  // namespace latticework
