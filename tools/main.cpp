#include "app.h"

int main(int argc, char** argv) { return tenon::cli::run_tool(argc, argv); }
