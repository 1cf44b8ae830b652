// A grid of CUDA threads without a GPU: fibers that take turns from barrier to barrier.
//
// Blocks run one after the other. In which order the threads of a block run between two barriers is
// chosen by `order`, so that code that lacks a barrier gives other results with other orders.
// Shared memory, and whatever is taken as scratch, begins as NaN.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#define LW_DEVICE inline

namespace latticework {
namespace cuda {

enum class Order { kForward, kBackward, kShuffled };

class Grid {
 public:
  static Grid& here() {
    static Grid grid;
    return grid;
  }

  Order order = Order::kForward;
  int thread = 0, threads = 0, block = 0, blocks = 0;
  std::unique_ptr<unsigned char[]> memory;

  void run(int num_blocks, int num_threads, size_t bytes, const std::function<void()>& body) {
    blocks = num_blocks, threads = num_threads, work = &body;
    while (static_cast<int>(fibers.size()) < threads) fibers.push_back(std::make_unique<Fiber>());
    for (block = 0; block < blocks; ++block) {
      memory.reset(new unsigned char[bytes + 16]);  // every block its own, for the sanitizer's sake
      std::memset(memory.get(), 0xff, bytes + 16);
      run_block();
    }
    memory.reset();
  }

  void barrier() {
    Fiber& mine = *fibers[thread];
    swapcontext(&mine.context, &scheduler);
  }

  template <class T>
  T shuffle(T mine, int mask) {
    static T given[1024];
    given[thread] = mine;
    barrier();
    const T got = given[thread ^ mask];
    barrier();
    return got;
  }

  void start_copy(void* to, const void* from, size_t bytes) {
    fibers[thread]->open.push_back({to, from, bytes});
  }
  void close_copies() {
    Fiber& mine = *fibers[thread];
    mine.closed.push_back(std::move(mine.open));
    mine.open.clear();
  }
  // What is copied arrives no sooner than it is waited for.
  void await_copies(size_t still_open) {
    Fiber& mine = *fibers[thread];
    while (mine.closed.size() > still_open) {
      for (const Copy& copy : mine.closed.front()) std::memcpy(copy.to, copy.from, copy.bytes);
      mine.closed.pop_front();
    }
  }

 private:
  struct Copy {
    void* to;
    const void* from;
    size_t bytes;
  };
  struct Fiber {
    static constexpr size_t kStack = 256 * 1024;
    ucontext_t context;
    std::unique_ptr<char[]> stack{new char[kStack]};
    bool is_done = false;
    std::vector<Copy> open;
    std::deque<std::vector<Copy>> closed;
  };

  static void enter() {
    Grid& grid = here();
    (*grid.work)();
    grid.fibers[grid.thread]->is_done = true;
  }

  void run_block() {
    for (int n = 0; n < threads; ++n) {
      Fiber& fiber = *fibers[n];
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = Fiber::kStack;
      fiber.context.uc_link = &scheduler;
      fiber.is_done = false;
      fiber.open.clear();
      fiber.closed.clear();
      makecontext(&fiber.context, &Grid::enter, 0);
    }
    std::vector<int> turns(threads);
    for (int n = 0; n < threads; ++n) turns[n] = order == Order::kBackward ? threads - 1 - n : n;
    for (int done = 0; done < threads;) {
      if (order == Order::kShuffled)
        for (int n = threads - 1; n > 0; --n) std::swap(turns[n], turns[draw() % (n + 1)]);
      done = 0;
      for (int n : turns) {
        thread = n;
        swapcontext(&scheduler, &fibers[n]->context);
        done += fibers[n]->is_done;
      }
      if (done > 0 && done < threads)
        throw std::logic_error("some threads wait at a barrier that others never come to");
    }
    for (int n = 0; n < threads; ++n)
      for (const auto& group : fibers[n]->closed)
        if (!group.empty()) throw std::logic_error("a block ends before its copies have arrived");
  }

  uint32_t draw() { return state = state * 1664525u + 1013904223u, state >> 8; }

  std::vector<std::unique_ptr<Fiber>> fibers;
  ucontext_t scheduler;
  const std::function<void()>* work = nullptr;
  uint32_t state = 1;
};

inline int thread_number() { return Grid::here().thread; }
inline int num_threads() { return Grid::here().threads; }
inline int block_number() { return Grid::here().block; }
inline int num_blocks() { return Grid::here().blocks; }
inline void barrier() { Grid::here().barrier(); }

// Here all warps wait for each other.
template <class T>
T shuffle(T mine, int mask) {
  return Grid::here().shuffle(mine, mask);
}

template <class T>
T* shared_memory() {
  const uintptr_t at = reinterpret_cast<uintptr_t>(Grid::here().memory.get());
  return reinterpret_cast<T*>((at + 15) / 16 * 16);
}

template <class T>
void start_copy(T* to, const T* from) {
  Grid::here().start_copy(to, from, sizeof(T));
}
inline void close_copies() { Grid::here().close_copies(); }
template <int kOpen>
void await_copies() {
  Grid::here().await_copies(kOpen);
}

template <class T>
struct Pair {
  struct alignas(2 * sizeof(T)) Type {
    T x, y;
  };
};

}  // namespace cuda
}  // namespace latticework
