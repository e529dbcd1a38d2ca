#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "inputs.h"
#include "target.h"
#include "tenon/files.h"
#include "validate.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

/// Outputs as named tensors; a sequence's elements are `name[0]`, `name[1]`, ...
NamedTensors tensors_of(const NamedValues& outputs) {
  NamedTensors tensors;
  for (const auto& output : outputs) {
    if (output.second.kind == Value::Kind::tensor) tensors[output.first] = output.second.tensor;
    for (size_t i = 0; i < output.second.sequence.size(); ++i)
      tensors[fmt::format("{}[{}]", output.first, i)] = output.second.sequence[i];
  }
  return tensors;
}

bool is_npz(const std::string& path) { return path.size() > 4 && path.substr(path.size() - 4) == ".npz"; }

void save_in_folder(const std::string& folder, const NamedTensors& tensors) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
    throw Error(ErrorCode::write_failed, fmt::format("can't make the folder '{}': {}", folder, std::strerror(errno)));
  for (const auto& entry : tensors) {
    std::string file = entry.first;
    std::replace(file.begin(), file.end(), '/', '_');
    save_npy(folder + "/" + file + ".npy", entry.second);
  }
}

class RunVerb : public Verb {
 public:
  const char* name() const override { return "run"; }
  const char* summary() const override { return "Run an engine or a model once"; }

  void add_flags(CLI::App& app) override {
    app.add_option("file", file_, "An engine or an ONNX model")->required();
    inputs_.add(app);
    app.add_option("-o,--output", output_, "Where results go: file.npz, or a folder of .npy files")->type_name("PATH");
    app.add_flag("--validate", validate_, "Find the first NaN or infinity and name its node");
    flags_.add(app, BuildFlags::Reference::yes);
  }

  Verdict run(Session& session) override {
    Engine engine = open_engine(session, file_, flags_, inputs_.dims());
    NamedValues inputs =
        inputs_.gather(session, engine, flags_.has_shapes() ? flags_.run_shapes() : std::map<std::string, Dims>{});
    inputs_.first_run(engine, [&] { tell_memory(session, engine); });
    Context context = engine.create_context();
    set_inputs(context, stored(engine, inputs));
    inputs_.first_run(engine, [&] { context.run(inputs_.seed()); });
    const NamedValues outputs = dense(engine, context.outputs());
    for (const auto& output : outputs) {
      fmt::print("{}: {}\n", output.first, describe(output.second));
      session.envelope["outputs"].push_back({{"name", output.first}, {"summary", describe(output.second)}});
    }
    save(outputs);
    if (validate_) validate(session, context, inputs, inputs_.seed(), kind_of(file_) == FileKind::model ? file_ : "");
    return Verdict::passed;
  }

 private:
  void save(const NamedValues& outputs) const {
    if (output_.empty()) return;
    NamedTensors tensors = tensors_of(outputs);
    if (is_npz(output_)) {
      save_npz(output_, tensors);
    } else {
      save_in_folder(output_, tensors);
    }
    fmt::print("wrote {}\n", output_);
  }

  std::string file_, output_;
  bool validate_ = false;
  InputFlags inputs_;
  BuildFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> make_run_verb() { return std::make_unique<RunVerb>(); }

}  // namespace tenon::cli
