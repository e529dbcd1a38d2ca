#pragma once

namespace tenon::cli {

/// The whole program; returns its exit code.
int run_tool(int argc, char** argv);

}  // namespace tenon::cli
