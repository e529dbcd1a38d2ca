#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace tenon::core {
namespace {

namespace fs = std::filesystem;

struct Files : testing::Test {
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tenon_file_XXXXXX").string();
    root = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(root); }

  std::string put(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(root + "/" + name).parent_path());
    std::ofstream(root + "/" + name) << text;
    return root + "/" + name;
  }
  size_t entries() { return static_cast<size_t>(std::distance(fs::directory_iterator(root), {})); }

  std::string root;
};

std::string text_of(const MappedFile& file) {
  return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
}

template <class F>
Error error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  return Error(ErrorCode::internal, "no error");
}

TEST_F(Files, MapsAFile) {
  std::string path = put("a.bin", "hello");
  auto file = MappedFile::open(path);
  EXPECT_EQ(text_of(*file), "hello");
  file->release(file->bytes());
  EXPECT_EQ(text_of(*file), "hello");
  EXPECT_EQ(MappedFile::open(put("empty", ""))->bytes().size(), 0u);
  EXPECT_EQ(read_text_file(path), "hello");
}

TEST_F(Files, SaysWhyAFileCannotBeOpened) {
  Error missing = error_of([&] { MappedFile::open(root + "/none"); });
  EXPECT_EQ(missing.code(), ErrorCode::bad_file);
  EXPECT_NE(std::string(missing.what()).find(root + "/none"), std::string::npos);
  EXPECT_EQ(error_of([&] { MappedFile::open(root); }).code(), ErrorCode::bad_file);
  ASSERT_EQ(mkfifo((root + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { MappedFile::open(root + "/pipe"); }).code(), ErrorCode::bad_file);
}

TEST_F(Files, StaysBeneathTheFolder) {
  put("model/weights.bin", "abc");
  put("model/sub/more.bin", "def");
  put("secret", "x");
  std::string model = root + "/model";
  EXPECT_EQ(text_of(*MappedFile::open_beneath(model, "weights.bin")), "abc");
  EXPECT_EQ(text_of(*MappedFile::open_beneath(model, "./sub//more.bin")), "def");

  fs::create_symlink("../secret", model + "/link");
  fs::create_symlink("weights.bin", model + "/inner_link");
  fs::create_directory_symlink("sub", model + "/folder_link");
  fs::create_hard_link(root + "/secret", model + "/hard");
  ASSERT_EQ(mkfifo((model + "/pipe").c_str(), 0600), 0);
  for (const char* bad : {"../secret", "sub/../../secret", "sub/../weights.bin", "/etc/passwd", "link", "inner_link",
                          "folder_link/more.bin", "hard", "pipe", "sub", "", ".", "none", "weights.bin/x"}) {
    Error e = error_of([&] { MappedFile::open_beneath(model, bad); });
    EXPECT_EQ(e.code(), ErrorCode::bad_external_data) << bad << ": " << e.what();
  }
  std::string zero("weights.bin\0x", 13);
  EXPECT_EQ(error_of([&] { MappedFile::open_beneath(model, zero); }).code(), ErrorCode::bad_external_data);
}

TEST_F(Files, AppearsOnlyOnCommit) {
  std::string path = put("out", "old");
  {
    AtomicFile file(path);
    file.write("new!");
    file.write_at(0, std::as_bytes(std::span<const char>("N", 1)));
    EXPECT_EQ(file.size(), 4);
    EXPECT_EQ(read_text_file(path), "old");
    file.commit();
  }
  EXPECT_EQ(read_text_file(path), "New!");
  { AtomicFile(path).write("dropped"); }
  EXPECT_EQ(read_text_file(path), "New!");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, WritesBehindALinkAndKeepsIt) {
  std::string target = put("target", "old");
  fs::create_symlink("target", root + "/link");
  AtomicFile file(root + "/link");
  file.write("new");
  file.commit();
  EXPECT_TRUE(fs::is_symlink(root + "/link"));
  EXPECT_EQ(read_text_file(target), "new");
}

TEST_F(Files, DevicesAreWrittenNotReplaced) {
  AtomicFile null("/dev/null");
  null.write("x");
  null.commit();
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  Error full = error_of([] { AtomicFile("/dev/full").write("x"); });
  EXPECT_EQ(full.code(), ErrorCode::write_failed);
  EXPECT_STREQ(full.what(), "can't write '/dev/full': No space left on device");
}

TEST_F(Files, FullDiskKeepsTheOldFile) {
  std::string path = put("out", "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 100;
  setrlimit(RLIMIT_FSIZE, &small);
  Error e = error_of([&] {
    AtomicFile file(path);
    file.write(std::string(1000, 'x'));
    file.commit();
  });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(e.code(), ErrorCode::write_failed);
  EXPECT_NE(std::string(e.what()).find(path), std::string::npos);
  EXPECT_EQ(read_text_file(path), "old");
  EXPECT_EQ(entries(), 1u);
}

/// Pages of `bytes` that this process has in memory.
int64_t pages_present(std::span<const std::byte> bytes) {
  const int64_t page = sysconf(_SC_PAGESIZE);
  std::ifstream map("/proc/self/pagemap", std::ios::binary);
  int64_t present = 0;
  const auto first = static_cast<int64_t>(reinterpret_cast<uintptr_t>(bytes.data())) / page;
  for (int64_t i = 0; i < static_cast<int64_t>(bytes.size()) / page; ++i) {
    uint64_t entry = 0;
    map.seekg((first + i) * 8);
    map.read(reinterpret_cast<char*>(&entry), sizeof entry);
    present += static_cast<int64_t>(entry >> 63);
  }
  return present;
}

TEST_F(Files, OnlyPagesOfMappedFilesAreReleased) {
  const std::string text(1 << 20, 'x');
  const auto file = MappedFile::open(put("big", text));
  ASSERT_EQ(text_of(*file), text);
  const std::vector<std::byte> copy(file->bytes().begin(), file->bytes().end());
  const int64_t before = pages_present(file->bytes());
  release_read(file->bytes().subspan(100, text.size() - 200));
  const int64_t after = pages_present(file->bytes());
  release_read(copy);
  EXPECT_EQ(text_of(*file), text);
  EXPECT_TRUE(std::equal(copy.begin(), copy.end(), file->bytes().begin()));
  if (before == 0) GTEST_SKIP() << "this system does not tell which pages are present";
  EXPECT_GT(before, 200);
  EXPECT_LT(after, 50);
}

TEST_F(Files, UnwritablePlacesAreNamed) {
  EXPECT_EQ(error_of([&] { AtomicFile(root + "/no/such/folder"); }).code(), ErrorCode::write_failed);
  EXPECT_EQ(error_of([&] { AtomicFile f(root); }).code(), ErrorCode::write_failed);
}

}  // namespace
}  // namespace tenon::core
