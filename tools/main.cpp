#include <string_view>

#include "app.h"
#include "trtexec/trtexec.h"

int main(int argc, char** argv) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  const bool trtexec = path.substr(path.rfind('/') + 1).substr(0, 7) == "trtexec";
  return trtexec ? tenon::trtexec::run(argc, argv) : tenon::cli::run_tool(argc, argv);
}
