#pragma once
#include <memory>
#include <type_traits>

namespace tenon::core {

/// A non-owning reference to a callable; cheaper than std::function and never allocates.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(F&& f)  // NOLINT: implicit on purpose
      : object_(const_cast<void*>(static_cast<const void*>(&f))), call_([](void* o, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(o))(static_cast<Args&&>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, static_cast<Args&&>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

/// Cores this process may use: its affinity mask, further limited by a container's CPU quota (rounded up).
int usable_cores();

/// One thread team; the only way Tenon runs on several threads. Workers spin at most 50 us after a region, then park;
/// while somebody holds the team `Busy`, with more regions to come, at most 1 ms.
/// Flush-to-zero is set in the workers, and in the caller for the length of a region.
class Threads {
 public:
  /// `count` includes the calling thread; 0 = the number of cores this process may use.
  explicit Threads(int count = 0);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  int size() const;
  /// Calls `body(piece)` once for each piece in [0, pieces), on any thread of the team, and returns when all are done.
  /// The first exception thrown by a piece is rethrown here. Calls from several threads take turns.
  /// A call from inside a piece runs its pieces in place.
  void parallel(int64_t pieces, FunctionRef<void(int64_t piece)> body);
  /// Splits [0, count) into about even ranges of at least `grain`, one call each.
  void parallel_ranges(int64_t count, int64_t grain, FunctionRef<void(int64_t begin, int64_t end)> body);

  /// Announces more regions soon, for one scope.
  class Busy {
   public:
    explicit Busy(Threads& team);
    ~Busy();
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Threads& team_;
  };

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon::core
