#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tenon/error.h"
#include "tenon/model.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

std::filesystem::path library_folder() {
  Dl_info info{};
  if (!::dladdr(reinterpret_cast<const void*>(&version), &info) || !info.dli_fname) throw Error(ErrorCode::internal, "libtenon.so's own folder can't be found");
  return std::filesystem::absolute(info.dli_fname).parent_path();
}

/// The CUDA runtime is part of the program's own file, where no library can take its place: such programs name the driver, not the runtime.
bool has_own_runtime(const std::string& program) {
  std::ifstream file(program, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto names = [&](const char* text) { return bytes.find(text) != std::string::npos; };
  return bytes.rfind("\x7f" "ELF", 0) == 0 && names("libcuda.so.1") && !names("libcudart.so.");
}

void put_in_front(const char* variable, const std::string& folders) {
  const char* old = std::getenv(variable);
  ::setenv(variable, (old && *old ? folders + ":" + old : folders).c_str(), 1);
}

class HostRunVerb : public Verb {
 public:
  const char* name() const override { return "host-run"; }
  const char* summary() const override { return "Run a program of the nvinfer1 API and the CUDA runtime on the CPU: tenon host-run ./program arguments..."; }

  void add_flags(CLI::App& app) override {
    app.prefix_command();
    app_ = &app;
  }

  Verdict run(Session& session) override {
    if (session.json) throw Error(ErrorCode::usage, "--json: there is no report, since `tenon host-run` becomes the program that it runs");
    std::vector<std::string> words = app_->remaining();
    if (words.empty()) throw Error(ErrorCode::usage, "a program is missing: tenon host-run ./program arguments...");
    const std::filesystem::path libraries = library_folder(), runtime = libraries / "tenon-host-run";
    if (!std::filesystem::exists(runtime)) throw Error(ErrorCode::bad_file, fmt::format("{} is missing; install or build Tenon again", runtime.string()));
    if (has_own_runtime(words[0]))
      session.console.warning(fmt::format("{} has the CUDA runtime linked in, so that its calls reach no stand-in; link it with libcudart.so (nvcc: -cudart shared)", words[0]));
    put_in_front("LD_LIBRARY_PATH", runtime.string() + ":" + libraries.string());
    ::setenv("TENON_DEVICE", "cpu", 1);
    session.console.finish();
    become(words);
  }

 private:
  [[noreturn]] static void become(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::execvp(pointers[0], pointers.data());
    throw Error(ErrorCode::bad_file, fmt::format("'{}' can't be run: {}", words[0], std::strerror(errno)));
  }

  const CLI::App* app_ = nullptr;
};

}  // namespace

std::unique_ptr<Verb> make_host_run_verb() { return std::make_unique<HostRunVerb>(); }

}  // namespace tenon::cli
