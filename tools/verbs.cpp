#include "verbs.h"

namespace tenon::cli {

std::vector<std::unique_ptr<Verb>> all_verbs() {
  std::vector<std::unique_ptr<Verb>> verbs;
  for (auto make : {make_build_verb, make_run_verb, make_bench_verb, make_inspect_verb, make_check_verb,
                    make_compare_verb, make_host_run_verb, make_explain_verb, make_doctor_verb})
    verbs.push_back(make());
  return verbs;
}

}  // namespace tenon::cli
