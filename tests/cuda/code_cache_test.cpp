#include "cuda/code_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace tenon::core::cuda {
namespace {

class CodeCaches : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tenon-code-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
  const std::vector<char> code_{'c', '\0', 'd', 'e'};
};

TEST_F(CodeCaches, GiveBackWhatWasStored) {
  const CodeCache cache(folder_ + "/a/b");
  EXPECT_FALSE(cache.load("k"));
  cache.store("k", code_);
  EXPECT_EQ(cache.load("k"), code_);
  EXPECT_FALSE(cache.load("other"));
}

TEST_F(CodeCaches, RefuseDamagedFiles) {
  const CodeCache cache(folder_);
  cache.store("k", code_);
  std::fstream(folder_ + "/k.cubin", std::ios::in | std::ios::out | std::ios::ate).write("x", 1);
  EXPECT_FALSE(cache.load("k"));
  std::ofstream(folder_ + "/k.cubin", std::ios::trunc) << "tenon-kernel 1 ";
  EXPECT_FALSE(cache.load("k"));
}

TEST_F(CodeCaches, RefuseFoldersThatOthersCanWrite) {
  const CodeCache cache(folder_);
  cache.store("k", code_);
  ::chmod(folder_.c_str(), 0777);
  EXPECT_FALSE(cache.load("k"));
}

TEST_F(CodeCaches, WithoutAFolderKeepNothing) {
  const CodeCache cache("");
  cache.store("k", code_);
  EXPECT_FALSE(cache.load("k"));
}

}  // namespace
}  // namespace tenon::core::cuda
