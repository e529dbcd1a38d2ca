#pragma once
#include <memory>

#include "session.h"

namespace tenon::cli {

std::unique_ptr<Verb> make_build_verb();
std::unique_ptr<Verb> make_run_verb();
std::unique_ptr<Verb> make_bench_verb();
std::unique_ptr<Verb> make_inspect_verb();
std::unique_ptr<Verb> make_check_verb();
std::unique_ptr<Verb> make_compare_verb();
std::unique_ptr<Verb> make_host_run_verb();
std::unique_ptr<Verb> make_explain_verb();
std::unique_ptr<Verb> make_doctor_verb();

}  // namespace tenon::cli
