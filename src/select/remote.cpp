#include "select/remote.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/ledger.h"
#include "base/own_folder.h"
#include "engine/format.h"
#include "ir/subgraphs.h"

extern char** environ;

namespace tenon::core {
namespace {

constexpr const char* kProgram = "tenon-measure";
constexpr double kStartLimitS = 120;  // loading the driver and the graph
constexpr int kAbove = 64;            // descriptors are moved here first: 3 to 5 must be free

std::string find_program() {
  const auto here = own_folder();
  for (const auto& path : {here / kProgram, here.parent_path() / "bin" / kProgram, here.parent_path() / "libexec" / kProgram})
    if (::access(path.c_str(), X_OK) == 0) return path.string();
  return {};
}

/// The graph, what its symbols stand for, and which offer of which node each measurement is.
ByteWriter write_job(const BodyPath& path, const MeasureJob& job) {
  ByteWriter w;
  w.u32(static_cast<uint32_t>(path.size()));
  for (const auto& [node, body] : path) {
    w.i64(node);
    w.i64(static_cast<int64_t>(body));
  }
  w.u32(static_cast<uint32_t>(job.tuned.size()));
  for (const auto& [symbol, value] : job.tuned) {
    w.text(symbol);
    w.i64(value);
  }
  w.i64(static_cast<int64_t>(job.list.size()));
  for (const Measurement& m : job.list) {
    w.i64(m.node);
    w.hash(hash_text(m.offer.str()));
  }
  return w;
}

/// A duplicate that ends with this object.
class Moved {
 public:
  explicit Moved(int fd) : fd_(::fcntl(fd, F_DUPFD_CLOEXEC, kAbove)) {}
  ~Moved() {
    if (fd_ >= 0) ::close(fd_);
  }
  Moved(const Moved&) = delete;
  Moved& operator=(const Moved&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Starts the program with these descriptors as 3, 4 and 5; an errno otherwise.
int spawn(pid_t& pid, const std::string& program, std::vector<std::string> arguments, const std::array<int, 3>& descriptors) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (size_t i = 0; i < descriptors.size(); ++i) ::posix_spawn_file_actions_adddup2(&actions, descriptors[i], static_cast<int>(i) + 3);
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

Answer answer_of(Answer::Kind kind, size_t index, const CostRecord& record) {
  Answer answer;
  answer.kind = kind;
  answer.index = static_cast<uint32_t>(index);
  answer.samples = record.samples;
  answer.us = record.us;
  answer.throttled = record.throttled;
  answer.workspace = record.workspace;
  std::strncpy(answer.rejection, record.rejection.c_str(), sizeof answer.rejection - 1);
  return answer;
}

MemoryFile::MemoryFile(std::span<const std::byte> bytes) : fd_(::memfd_create("tenon", MFD_CLOEXEC)) {
  if (fd_ < 0) fail(ErrorCode::build_failed, "no file in memory for the measuring process: {}", std::strerror(errno));
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      ::close(fd_);
      fail(ErrorCode::out_of_memory, "{} more bytes for the measuring process can't be written: {}", bytes.size(), std::strerror(errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}
MemoryFile::~MemoryFile() { ::close(fd_); }

std::optional<BodyPath> path_to(const Graph& engine, const Graph& graph) {
  if (&engine == &graph) return BodyPath();
  for (NodeId id : engine.order()) {
    const auto bodies = subgraphs(*engine.node(id).op);
    for (size_t i = 0; i < bodies.size(); ++i) {
      auto inner = path_to(*bodies[i], graph);
      if (!inner) continue;
      inner->insert(inner->begin(), {id, i});
      return inner;
    }
  }
  return std::nullopt;
}

RemoteWorkers::RemoteWorkers(const EngineData& data, const MeasureJob& job, Device& device, bool in_turn)
    : device_(device.is_host() ? device.info().kind : fmt::format("{}:{}", device.info().kind, device.info().index)),
      threads_(std::to_string(device.info().threads)),
      in_turn_(in_turn ? "1" : "0"),
      memory_limit_(device.is_host() ? "0" : std::to_string(Ledger::of(device.info().index).limit())),
      program_(find_program()) {
  const auto path = path_to(data.graph, job.graph);
  if (program_.empty() || !path) {
    why_ = path ? fmt::format("the program {} is not beside libtenon.so", kProgram) : "the body is not found in its engine";
    program_.clear();
    return;
  }
  EngineData copy = data;
  copy.choices = first_offers(find_candidates(data.graph, data.device, data.options));
  try {
    engine_ = std::make_unique<MemoryFile>(engine_bytes({{std::move(copy)}, ""}));
    list_ = std::make_unique<MemoryFile>(write_job(*path, job).bytes());
  } catch (const Error& e) {
    why_ = e.what();
    program_.clear();
  }
}

std::unique_ptr<WorkerProcess> RemoteWorkers::start(size_t first, size_t last, size_t together) {
  if (program_.empty()) return nullptr;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    why_ = fmt::format("no pipe for the measuring process: {}", std::strerror(errno));
    return nullptr;
  }
  pid_t pid = -1;
  int error = 0;
  {
    const Moved engine(engine_->fd()), list(list_->fd()), pipe(ends[1]);
    ::close(ends[1]);
    error = spawn(pid, program_, {std::to_string(first), std::to_string(last), std::to_string(together), device_, threads_, in_turn_, memory_limit_},
                  {engine.fd(), list.fd(), pipe.fd()});
  }
  if (error != 0) {
    ::close(ends[0]);
    why_ = fmt::format("{} could not be started: {}", program_, std::strerror(error));
    return nullptr;
  }
  auto worker = std::make_unique<WorkerProcess>(pid, ends[0]);
  Answer answer;
  std::string why;
  if (worker->next(answer, kStartLimitS, why) && answer.kind == Answer::Kind::ready && answer.rejection[0] == '\0') return worker;
  why_ = fmt::format("{} could not begin: {}", program_, answer.rejection[0] ? answer.rejection : why);
  return nullptr;
}

}  // namespace tenon::core
