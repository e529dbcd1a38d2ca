// The process in which builds for a GPU time kernels (docs/cuda.md).
extern "C" int tenon_measuring_program(int argc, char** argv);

int main(int argc, char** argv) { return tenon_measuring_program(argc, argv); }
