#pragma once

namespace tenon::trtexec {

/// The whole program; returns its exit code, 0 or 1.
int run(int argc, char** argv);

}  // namespace tenon::trtexec
