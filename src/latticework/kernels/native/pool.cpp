#include "pool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace latticework {

#ifdef LATTICEWORK_FUZZ
std::atomic<bool> refuses_threads{false};
#endif

namespace {

constexpr int kMaxThreads = 256;

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Gradients here vanish into denormal numbers, which are slow and mean nothing.
class FlushToZero {
 public:
#if defined(__x86_64__)
  FlushToZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushToZero() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  FlushToZero() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (uint64_t{1} << 24)));
  }
  ~FlushToZero() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  uint64_t before_;
#endif
};

// One round of tasks. Late threads find no task left, whenever they come. After a task has thrown,
// those that are left are counted and not called.
struct Round {
  const std::function<void(int)>* task;
  int count;
  std::atomic<int> next{0};
  std::atomic<int> done{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;  // read once all are done

  void work() noexcept {
    FlushToZero flush;
    for (int n; (n = next.fetch_add(1)) < count;) {
      if (!failed.load(std::memory_order_relaxed)) {
        try {
          (*task)(n);
        } catch (...) {
          if (!failed.exchange(true)) error = std::current_exception();
        }
      }
      done.fetch_add(1, std::memory_order_release);
    }
  }
};

class Pool {
 public:
  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stops_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(const std::shared_ptr<Round>& round, int num_helpers) {
    start_threads(num_helpers);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      round_ = round;
      num_helpers_ = num_helpers;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    round->work();
    while (round->done.load(std::memory_order_acquire) < round->count) pause_briefly();
    std::lock_guard<std::mutex> lock(mutex_);
    round_.reset();
  }

 private:
  // Fewer where the system gives no more: the caller works anyway.
  void start_threads(int wanted) noexcept {
    try {
      while (static_cast<int>(threads_.size()) < wanted) {
#ifdef LATTICEWORK_FUZZ
        if (refuses_threads) throw std::system_error(EAGAIN, std::generic_category());
#endif
        threads_.emplace_back([this, number = static_cast<int>(threads_.size())] { serve(number); });
      }
    } catch (const std::exception&) {
    }
  }

  void serve(int number) {
    uint64_t seen = 0;
    for (;;) {
      wait_for_another(seen);
      std::shared_ptr<Round> round;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return stops_ || generation_.load() != seen; });
        if (stops_) return;
        seen = generation_.load();
        if (number < num_helpers_) round = round_;
      }
      if (round) round->work();
    }
  }

  // A training loop comes back within microseconds; sleeping and waking would take longer.
  void wait_for_another(uint64_t seen) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
    while (std::chrono::steady_clock::now() < until) {
      for (int n = 0; n < 32; ++n) {
        if (generation_.load(std::memory_order_acquire) != seen) return;
        pause_briefly();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
  std::shared_ptr<Round> round_;
  std::atomic<uint64_t> generation_{0};
  int num_helpers_ = 0;
  bool stops_ = false;
};

struct Holder {
  std::mutex busy;
  std::unique_ptr<Pool> pool;
  long process = 0;
};

long process_id() {
#if defined(__unix__) || defined(__APPLE__)
  return static_cast<long>(getpid());
#else
  return 1;
#endif
}

// Never destroyed: threads may still run when a process ends. A fork does not take threads along,
// so a child starts with a holder of its own.
Holder& holder() {
  static std::atomic<Holder*> current{nullptr};
  Holder* found = current.load();
  if (found && found->process == process_id()) return *found;
  Holder* fresh = new Holder;
  fresh->process = process_id();
  if (current.compare_exchange_strong(found, fresh)) return *fresh;
  delete fresh;
  return *found;
}

}  // namespace

int default_threads() {
  if (const char* text = std::getenv("LATTICEWORK_THREADS")) {
    const int asked = std::atoi(text);
    if (asked > 0) return asked < kMaxThreads ? asked : kMaxThreads;
  }
#if defined(__linux__)
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
#endif
  const int cores_there = static_cast<int>(std::thread::hardware_concurrency());
  return cores_there > 0 ? cores_there : 1;
}

void run_tasks(int count, int num_threads, const std::function<void(int)>& task) {
  if (count <= 0) return;
  if (num_threads > count) num_threads = count;
  if (num_threads > kMaxThreads) num_threads = kMaxThreads;
  auto round = std::make_shared<Round>();
  round->task = &task;
  round->count = count;
  Holder& shared = holder();
  std::unique_lock<std::mutex> lock(shared.busy, std::try_to_lock);
  if (num_threads <= 1 || !lock.owns_lock()) {
    round->work();
  } else {
    if (!shared.pool) shared.pool = std::make_unique<Pool>();
    shared.pool->run(round, num_threads - 1);
  }
  if (round->failed) std::rethrow_exception(round->error);
}

}  // namespace latticework
