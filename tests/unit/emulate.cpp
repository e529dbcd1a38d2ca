#include "emulate.h"

#include <ucontext.h>
#if defined(__SANITIZE_ADDRESS__)
#define TENON_TELLS_FIBERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENON_TELLS_FIBERS 1
#endif
#endif
#ifdef TENON_TELLS_FIBERS
#include <sanitizer/common_interface_defs.h>
#endif

#include <algorithm>
#include <deque>
#include <memory>
#include <stdexcept>
#include <vector>

namespace tenon::core::emulated {

Index threadIdx, blockIdx, gridDim;

namespace {

constexpr size_t kStack = 256 << 10;

/// Threads that wait until all of them that are left have come.
struct Barrier {
  int members = 0, arrived = 0, generation = 0;
  void open_if_full() {
    if (arrived == 0 || arrived < members) return;
    arrived = 0;
    ++generation;
  }
};

struct Warp {
  Barrier barrier;
  unsigned char slots[2][32][64];
};

struct Copy {
  void* to;
  const void* from;
  size_t bytes;
  bool real;
};

/// A stack, as the address sanitizer wants to hear of it before and after each switch.
struct Stack {
  const void* bottom = nullptr;
  size_t size = 0;
};

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[kStack]};
  bool done = false;
  int turn = 0;  // which of the warp's slots comes next
  std::deque<std::vector<Copy>> groups;
  std::vector<Copy> open;
  std::vector<std::function<void()>> products;
};

struct Block {
  std::vector<Warp> warps;
  Barrier barrier;
  std::vector<unsigned char> memory;
  unsigned char* shared = nullptr;
};

/// The blocks that run together, and their threads, block by block.
struct Cluster {
  std::vector<Fiber> fibers;
  std::vector<Block> blocks;
  Barrier barrier;
  size_t threads = 0;  // of a block
  unsigned first_z = 0;
  ucontext_t scheduler;
  Stack scheduler_stack;
  const std::function<void()>* kernel = nullptr;
  size_t current = 0;
  int idle = 0;  // turns in a row in which nobody got on
  std::string error;
};
Cluster* cluster = nullptr;

Fiber& self() { return cluster->fibers[cluster->current]; }
Block& own_block() { return cluster->blocks[cluster->current / cluster->threads]; }
Warp& own_warp() { return own_block().warps[cluster->current % cluster->threads / 32]; }

/// Goes on at `to`, on `stack`, until something switches back to `from`. Gives the stack of what did.
Stack switch_to([[maybe_unused]] Stack stack, ucontext_t& from, ucontext_t& to) {
  Stack other;
#ifdef TENON_TELLS_FIBERS
  void* kept = nullptr;
  __sanitizer_start_switch_fiber(&kept, stack.bottom, stack.size);
  swapcontext(&from, &to);
  __sanitizer_finish_switch_fiber(kept, &other.bottom, &other.size);
#else
  swapcontext(&from, &to);
#endif
  return other;
}

void yield() { cluster->scheduler_stack = switch_to(cluster->scheduler_stack, self().context, cluster->scheduler); }

void wait_at(Barrier& barrier) {
  const int generation = barrier.generation;
  ++barrier.arrived;
  barrier.open_if_full();
  while (barrier.generation == generation) {
    ++cluster->idle;
    yield();
  }
  cluster->idle = 0;
}

void fiber_main() {
#ifdef TENON_TELLS_FIBERS
  __sanitizer_finish_switch_fiber(nullptr, &cluster->scheduler_stack.bottom, &cluster->scheduler_stack.size);
#endif
  try {
    (*cluster->kernel)();
  } catch (const std::exception& e) {
    cluster->error = e.what();
  }
  self().done = true;
  cluster->idle = 0;
  for (Barrier* barrier : {&cluster->barrier, &own_block().barrier, &own_warp().barrier}) {
    --barrier->members;
    barrier->open_if_full();
  }
  yield();
}

void start(Block& b, const Grid& grid) {
  b.warps = std::vector<Warp>((grid.threads + 31) / 32);
  for (unsigned i = 0; i < grid.threads; ++i) ++b.warps[i / 32].barrier.members;
  b.barrier = {static_cast<int>(grid.threads), 0, 0};
  b.memory.assign(grid.shared_bytes + 128, 0xff);
  b.shared = b.memory.data() + (128 - reinterpret_cast<uintptr_t>(b.memory.data()) % 128);
}

void start(Cluster& c, const Grid& grid, unsigned first_z) {
  c.threads = grid.threads;
  c.first_z = first_z;
  c.blocks = std::vector<Block>(grid.cluster);
  for (Block& b : c.blocks) start(b, grid);
  c.fibers = std::vector<Fiber>(size_t{grid.threads} * grid.cluster);
  c.barrier = {static_cast<int>(c.fibers.size()), 0, 0};
  for (Fiber& f : c.fibers) {
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack.get();
    f.context.uc_stack.ss_size = kStack;
    f.context.uc_link = nullptr;
    makecontext(&f.context, fiber_main, 0);
  }
}

void run(Cluster& c, std::mt19937& random) {
  std::vector<size_t> left(c.fibers.size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = i;
  while (!left.empty()) {
    std::shuffle(left.begin(), left.end(), random);
    for (const size_t i : left) {
      c.current = i;
      threadIdx = {static_cast<unsigned>(i % c.threads), 0, 0};
      blockIdx.z = c.first_z + static_cast<unsigned>(i / c.threads);
      switch_to({c.fibers[i].stack.get(), kStack}, c.scheduler, c.fibers[i].context);
      if (!c.error.empty()) return;
    }
    left.erase(std::remove_if(left.begin(), left.end(), [&](size_t i) { return c.fibers[i].done; }), left.end());
    if (c.idle > 4 * static_cast<int>(c.fibers.size())) {
      c.error = "threads wait for others that never come";
      return;
    }
  }
}

float element(f16, u32 word, int half) { return to_float(f16{static_cast<u16>(word >> (16 * half))}); }
float element(bf16, u32 word, int half) { return to_float(bf16{static_cast<u16>(word >> (16 * half))}); }
float element(float, u32 word, int) { return __uint_as_float(word & 0xffffe000u); }

/// Fragments as the instructions define them; PER_WORD elements of k in a register.
template <int PER_WORD, class T>
void multiply_as(T type, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  const u32 given[6] = {a[0], a[1], a[2], a[3], b0, b1};
  const auto* lanes = gather(given, sizeof given);
  const auto word = [&](int lane, int i) {
    u32 w;
    std::memcpy(&w, lanes[lane] + 4 * i, 4);
    return w;
  };
  const int lane = static_cast<int>(threadIdx.x % 32);
  for (int e = 0; e < 4; ++e) {
    const int row = lane / 4 + e / 2 * 8, column = lane % 4 * 2 + e % 2;
    for (int k = 0; k < 8 * PER_WORD; ++k) {
      const int high = k / (4 * PER_WORD), at = k % (4 * PER_WORD) / PER_WORD;
      d[e] += element(type, word(row % 8 * 4 + at, row / 8 + 2 * high), k % PER_WORD) * element(type, word(column * 4 + at, 4 + high), k % PER_WORD);
    }
  }
}

void apply(const std::vector<Copy>& group) {
  for (const Copy& c : group) {
    if (c.real)
      std::memcpy(c.to, c.from, c.bytes);
    else
      std::memset(c.to, 0, c.bytes);
  }
}

}  // namespace

void launch(const Grid& grid, const std::function<void()>& kernel) {
  std::mt19937 random(1);
  Cluster c;
  c.kernel = &kernel;
  cluster = &c;
  gridDim = grid.blocks;
  for (unsigned z = 0; z < grid.blocks.z; z += grid.cluster)
    for (unsigned y = 0; y < grid.blocks.y; ++y)
      for (unsigned x = 0; x < grid.blocks.x; ++x) {
        blockIdx = {x, y, z};
        start(c, grid, z);
        run(c, random);
        if (!c.error.empty()) throw std::runtime_error(c.error);
      }
  cluster = nullptr;
}

unsigned char* shared_memory() { return own_block().shared; }
void block_barrier() { wait_at(own_block().barrier); }
void cluster_barrier() { wait_at(cluster->barrier); }
const void* remote(const void* mine, int rank) {
  return cluster->blocks.at(static_cast<size_t>(rank)).shared + (static_cast<const unsigned char*>(mine) - own_block().shared);
}

const unsigned char (*gather(const void* given, size_t bytes))[64] {
  auto& slots = own_warp().slots[self().turn++ % 2];
  if (bytes > 0) std::memcpy(slots[threadIdx.x % 32], given, bytes);
  wait_at(own_warp().barrier);
  return slots;
}

const unsigned char* check_shared(const void* address, size_t bytes, size_t alignment) {
  const auto* at = static_cast<const unsigned char*>(address);
  const Block& block = own_block();
  const unsigned char* end = block.shared + block.memory.size() - 128;
  if (at < block.shared || at + bytes > end) throw std::runtime_error("an access outside of shared memory");
  if (reinterpret_cast<uintptr_t>(at) % alignment != 0) throw std::runtime_error("an access to shared memory that is not aligned");
  return at;
}

void start_copy(void* to, const void* from, size_t bytes, bool real) {
  if (reinterpret_cast<uintptr_t>(from) % bytes != 0) throw std::runtime_error("a copy from an address that is not aligned");
  self().open.push_back({to, from, bytes, real});
}
void commit_copies() {
  self().groups.push_back(std::move(self().open));
  self().open.clear();
}
void wait_copies(size_t newest) {
  auto& groups = self().groups;
  for (; groups.size() > newest; groups.pop_front()) apply(groups.front());
}

void load_matrices(u32 (&r)[4], const void* row) {
  check_shared(row, 16, 16);
  const auto* lanes = gather(&row, sizeof row);
  const int lane = static_cast<int>(threadIdx.x % 32);
  for (int i = 0; i < 4; ++i) {
    const unsigned char* from;
    std::memcpy(&from, lanes[i * 8 + lane / 4], sizeof from);
    std::memcpy(&r[i], from + lane % 4 * 4, 4);
  }
}
void load_matrices_transposed(u32 (&r)[4], const void* row) {
  check_shared(row, 16, 16);
  const auto* lanes = gather(&row, sizeof row);
  const int lane = static_cast<int>(threadIdx.x % 32);
  for (int i = 0; i < 4; ++i) {
    u16 pair[2];
    for (int e = 0; e < 2; ++e) {
      const unsigned char* from;
      std::memcpy(&from, lanes[i * 8 + lane % 4 * 2 + e], sizeof from);
      std::memcpy(&pair[e], from + lane / 4 * 2, 2);
    }
    r[i] = pair[0] | static_cast<u32>(pair[1]) << 16;
  }
}
void multiply(f16 t, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { multiply_as<2>(t, d, a, b0, b1); }
void multiply(bf16 t, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { multiply_as<2>(t, d, a, b0, b1); }
void multiply(float t, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { multiply_as<1>(t, d, a, b0, b1); }

namespace {

/// Two elements of the line that starts at `tile`, chunks exchanged as warpgroup.cu says.
u32 exchanged_word(const unsigned char* tile, int line, int pair) {
  const auto plain = static_cast<size_t>(tile - shared_memory()) + static_cast<size_t>(line) * 128 + static_cast<size_t>(pair) * 4;
  u32 word;
  std::memcpy(&word, check_shared(shared_memory() + (plain ^ plain / 128 % 8 * 16), 4, 4), 4);
  return word;
}

}  // namespace

void queue_product(float (*pair)(u32, u32), float (*d)[4], int columns, const unsigned char* a, const unsigned char* b) {
  if ((a - shared_memory()) % 1024 >= 128 || (b - shared_memory()) % 1024 >= 128) throw std::runtime_error("a tile that is not aligned");
  self().products.push_back([=] {
    const int lane = static_cast<int>(threadIdx.x % 32), first = static_cast<int>(threadIdx.x / 32 % 4) * 16 + lane / 4;
    for (int j = 0; j < columns / 8; ++j)
      for (int e = 0; e < 4; ++e)
        for (int k = 0; k < 8; ++k) d[j][e] += pair(exchanged_word(a, first + e / 2 * 8, k), exchanged_word(b, j * 8 + lane % 4 * 2 + e % 2, k));
  });
}
void wait_products() {
  for (const auto& product : self().products) product();
  self().products.clear();
}

float from_lane(float x, int lane) {
  const auto* lanes = gather(&x, sizeof x);
  float y;
  std::memcpy(&y, lanes[lane], sizeof y);
  return y;
}
float exchange(float x, int lanes) { return from_lane(x, static_cast<int>(threadIdx.x % 32) ^ lanes); }

}  // namespace tenon::core::emulated
