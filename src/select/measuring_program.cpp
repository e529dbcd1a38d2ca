#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/ledger.h"
#include "ir/subgraphs.h"
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

/// A graph of the engine with its candidates, and what of it to measure.
struct Job {
  const Graph* graph;
  const Candidates* candidates;
  Bindings tuned;
  std::vector<Measurement> list;
};

/// Follows the path to a body.
Job read_graph_of(ByteReader& r, const EngineData& data, const Candidates& candidates) {
  Job job{&data.graph, &candidates, {}, {}};
  for (uint32_t left = r.number<uint32_t>(); left > 0; --left) {
    const auto node = static_cast<NodeId>(r.number<int64_t>());
    const auto body = static_cast<size_t>(r.number<int64_t>());
    assume(node >= 0 && node < job.graph->capacity(), "the measuring process has the same nodes");
    const auto bodies = subgraphs(*job.graph->node(node).op);
    const auto inner = job.candidates->bodies.find(node);
    assume(body < bodies.size() && inner != job.candidates->bodies.end(), "the measuring process has the same bodies");
    job.graph = bodies[body].get();
    job.candidates = &inner->second[body];
  }
  return job;
}

Job read_job(std::span<const std::byte> bytes, const EngineData& data, const Candidates& candidates) {
  ByteReader r(bytes, ErrorCode::internal, "the list of measurements");
  Job job = read_graph_of(r, data, candidates);
  for (uint32_t left = r.number<uint32_t>(); left > 0; --left) {
    const std::string symbol(r.text(r.number<uint32_t>()));
    job.tuned[symbol] = r.number<int64_t>();
  }
  const auto count = r.number<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    const auto node = r.number<int64_t>();
    Hash hash;
    hash.low = r.number<uint64_t>();
    hash.high = r.number<uint64_t>();
    assume(node >= 0 && node < job.graph->capacity(), "the measuring process has the same nodes");
    const auto id = static_cast<NodeId>(node);
    const auto& offers = job.candidates->offers[id];
    const auto found = std::find_if(offers.begin(), offers.end(), [&](const Offer& o) { return hash_text(o.str()) == hash; });
    const auto shapes = tuned_shapes(*job.graph, id, job.tuned);
    assume(found != offers.end() && shapes, "the measuring process has the same kernels");
    job.list.push_back({id, *found, *shapes, {}});
  }
  return job;
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
  if (!device->is_host()) Ledger::of(device->info().index).set_limit(static_cast<int64_t>(number(argv[7])));
  const auto file = map(kEngine);
  EngineData data = load_engine(file->bytes(), file);
  data.device = device->info();
  const Candidates candidates = find_candidates(data.graph, data.device, data.options);
  const Job job = read_job(map(kList)->bytes(), data, candidates);
  Threads threads(data.device.threads);
  MeasureEvents events;
  events.in_turn = number(argv[6]) != 0;
  events.held_down = clocks_held_down(*device);
  events.prepared = [](size_t index) { write_answer(kPipe, answer_of(Answer::Kind::prepared, index)); };
  events.begins = [](size_t index) { write_answer(kPipe, answer_of(Answer::Kind::begins, index)); };
  events.done = [&](size_t index, const CostRecord& record) {
    const bool lost = !record.rejection.empty() && !works(*device);
    if (!write_answer(kPipe, answer_of(lost ? Answer::Kind::lost : Answer::Kind::done, index, record)) || lost) ::_exit(0);
    return true;
  };
  write_answer(kPipe, answer_of(Answer::Kind::ready, 0));
  measure_list(*job.graph, job.list, number(argv[1]), std::min(number(argv[2]), job.list.size()), number(argv[3]), *device, data.options, threads, events);
}

}  // namespace
}  // namespace tenon::core

int tenon_measuring_program(int argc, char** argv) {
  using namespace tenon::core;
  if (argc != 8) {
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
