// Scratch memory of threads and of calls, kept from call to call, and tasks that use it.
#pragma once

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "pool.hpp"

namespace latticework {

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};
typedef std::unique_ptr<char, Free> Memory;

constexpr size_t kHugePage = size_t{2} << 20;

// Asks for huge pages, of which thousands of small ones less have to be made and looked up. What
// lies between whole huge pages is left as it is, and a refusal does no harm.
inline void ask_for_huge_pages(void* memory, size_t size) {
#ifdef MADV_HUGEPAGE
  const uintptr_t start = (reinterpret_cast<uintptr_t>(memory) + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(memory) + size) / kHugePage * kHugePage;
  if (end > start) madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#endif
}

// Aligned for any vector; null if there is none.
inline Memory allocate(size_t size) {
  const size_t alignment = size < kHugePage ? 64 : kHugePage;
  const size_t whole = (size + alignment - 1) / alignment * alignment;
  Memory memory(static_cast<char*>(std::aligned_alloc(alignment, whole)));
  if (memory) ask_for_huge_pages(memory.get(), whole);
  return memory;
}

// Memory of one thread.
class Arena {
 public:
  char* at_least(size_t size) {
    if (size > size_) {
      memory_ = allocate(size);
      size_ = memory_ ? size : 0;
    }
    return memory_.get();
  }

 private:
  Memory memory_;
  size_t size_ = 0;
};

// Memory of whole calls, kept from call to call: fresh pages cost as much as computing on them.
class Loan {
 public:
  explicit Loan(size_t size) : size_(size) {
    std::lock_guard<std::mutex> lock(shelf().mutex);
    std::vector<Kept>& kept = shelf().kept;
    for (size_t n = 0; n < kept.size(); ++n)
      if (kept[n].size >= size) {
        memory_ = std::move(kept[n].memory);
        size_ = kept[n].size;
        kept.erase(kept.begin() + n);
        return;
      }
    kept.clear();  // all too small: a larger one takes their place
    memory_ = allocate(size);
  }
  ~Loan() {
    if (!memory_) return;
    std::lock_guard<std::mutex> lock(shelf().mutex);
    shelf().kept.push_back({std::move(memory_), size_});
  }
  char* get() const { return memory_.get(); }

 private:
  struct Kept {
    Memory memory;
    size_t size;
  };
  struct Shelf {
    std::mutex mutex;
    std::vector<Kept> kept;
  };
  // Never destroyed, since threads may still run when a process ends.
  static Shelf& shelf() {
    static Shelf* one = new Shelf;
    return *one;
  }
  Memory memory_;
  size_t size_;
};

inline thread_local Arena task_arena;
inline thread_local Arena call_arena;

// Runs every task with scratch of its own; false if there is no memory.
template <class F>
bool share_out(int count, int num_threads, size_t scratch_bytes, const F& task) {
  std::atomic<bool> enough{true};
  run_tasks(count, num_threads, [&](int n) {
    char* scratch = task_arena.at_least(scratch_bytes);
    if (scratch)
      task(n, scratch);
    else
      enough = false;
  });
  return enough;
}

}  // namespace latticework
