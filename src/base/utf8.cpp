#include "base/utf8.h"

namespace tenon::core {
namespace {

bool is_character(uint32_t c) { return c < 0xd800 || (c >= 0xe000 && c <= 0x10ffff); }

}  // namespace

bool append_utf8(std::string& text, uint32_t c) {
  if (!is_character(c)) return false;
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += {static_cast<char>(0xc0 | (c >> 6)), static_cast<char>(0x80 | (c & 63))};
  } else if (c < 0x10000) {
    text += {static_cast<char>(0xe0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 63)),
             static_cast<char>(0x80 | (c & 63))};
  } else {
    text += {static_cast<char>(0xf0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 63)),
             static_cast<char>(0x80 | ((c >> 6) & 63)), static_cast<char>(0x80 | (c & 63))};
  }
  return true;
}

std::u32string code_points(std::string_view text) {
  std::u32string result;
  for (size_t i = 0; i < text.size();) {
    unsigned char lead = static_cast<unsigned char>(text[i]);
    size_t more = lead >= 0xf0 && lead < 0xf8   ? 3
                  : lead >= 0xe0 && lead < 0xf0 ? 2
                  : lead >= 0xc0 && lead < 0xe0 ? 1
                                                : 0;
    uint32_t c = more == 0 ? lead : lead & (0x3fu >> more);
    bool valid = i + more < text.size();
    for (size_t k = 1; valid && k <= more; ++k) {
      unsigned char next = static_cast<unsigned char>(text[i + k]);
      valid = (next & 0xc0) == 0x80;
      c = (c << 6) | (next & 63);
    }
    result += valid && is_character(c) ? c : lead;
    i += valid ? more + 1 : 1;
  }
  return result;
}

}  // namespace tenon::core
