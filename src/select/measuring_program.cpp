#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "runtime/tuned_shapes.h"
#include "select/measure_list.h"
#include "select/remote.h"
#include "select/worker.h"

namespace tenon::core {
namespace {

constexpr int kEngine = 3, kList = 4, kPipe = 5;

size_t number(const char* text) {
  size_t value = 0;
  const std::string_view s(text);
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc{} || end != s.data() + s.size()) fail(ErrorCode::usage, "a number was expected, found '{}'", s);
  return value;
}

std::shared_ptr<const MappedFile> map(int descriptor) { return MappedFile::open(fmt::format("/proc/self/fd/{}", descriptor)); }

std::vector<Measurement> read_list(std::span<const std::byte> bytes, const EngineData& data, const Candidates& candidates) {
  ByteReader r(bytes, ErrorCode::internal, "the list of measurements");
  std::vector<Measurement> list;
  const auto count = r.number<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const auto node = r.number<int64_t>();
    Hash hash;
    hash.low = r.number<uint64_t>();
    hash.high = r.number<uint64_t>();
    assume(node >= 0 && node < data.graph.capacity(), "the measuring process has the same nodes");
    const auto id = static_cast<NodeId>(node);
    const auto& offers = candidates.offers[id];
    const auto found = std::find_if(offers.begin(), offers.end(), [&](const Offer& o) { return hash_text(o.str()) == hash; });
    const auto shapes = tuned_shapes(data.graph, id, data.profile.opt);
    assume(found != offers.end() && shapes, "the measuring process has the same kernels");
    list.push_back({id, *found, *shapes, {}});
  }
  return list;
}

/// After a fault, every call of this process fails.
bool works(Device& device) {
  try {
    device.make_stream()->wait();
    return true;
  } catch (const Error&) {
    return false;
  }
}

void measure(char** argv) {
  const auto device = find_device(argv[4], static_cast<int>(number(argv[5])));
  const auto file = map(kEngine);
  EngineData data = load_engine(file->bytes(), file);
  data.device = device->info();
  const Candidates candidates = find_candidates(data.graph, data.device, data.options);
  const std::vector<Measurement> list = read_list(map(kList)->bytes(), data, candidates);
  Threads threads(data.device.threads);
  MeasureEvents events;
  events.in_turn = number(argv[6]) != 0;
  events.prepared = [](size_t index) { write_answer(kPipe, answer_of(Answer::Kind::prepared, index)); };
  events.begins = [](size_t index) { write_answer(kPipe, answer_of(Answer::Kind::begins, index)); };
  events.done = [&](size_t index, const CostRecord& record) {
    const bool lost = !record.rejection.empty() && !works(*device);
    if (!write_answer(kPipe, answer_of(lost ? Answer::Kind::lost : Answer::Kind::done, index, record)) || lost) ::_exit(0);
    return true;
  };
  write_answer(kPipe, answer_of(Answer::Kind::ready, 0));
  measure_list(data.graph, list, number(argv[1]), std::min(number(argv[2]), list.size()), number(argv[3]), *device, data.options, threads, events);
}

}  // namespace
}  // namespace tenon::core

int tenon_measuring_program(int argc, char** argv) {
  using namespace tenon::core;
  if (argc != 7) {
    constexpr std::string_view text = "tenon-measure is started by builds for a GPU; it has no use of its own\n";
    return ::write(2, text.data(), text.size()) < 0 ? 3 : 2;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);
  try {
    measure(argv);
  } catch (const std::exception& e) {
    CostRecord record;
    record.rejection = e.what();
    write_answer(kPipe, answer_of(Answer::Kind::ready, 0, record));
    ::_exit(1);
  }
  ::_exit(0);  // libraries of a GPU are not shut down: their process ends
}
