#include "select/timing_cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/file.h"

namespace tenon::core {
namespace {

constexpr std::string_view kHeader = "tenon-timing-cache 1";
constexpr std::string_view kName = "tenon-timing-cache ";

bool plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("_-.:,;{}=()>*+/").find(c) != std::string_view::npos; }

std::string encode(std::string_view s) {
  std::string out;
  for (char c : s) out += plain(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out.empty() ? "%" : out;
}

int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

std::optional<std::string> decode(std::string_view s) {
  if (s == "%") return "";
  std::string out;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '%') {
      out += s[i];
      continue;
    }
    if (i + 2 >= s.size() || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
    i += 2;
  }
  return out;
}

std::string check_code(std::string_view body) { return hash_text(body).hex().substr(0, 12); }
std::string line(const std::string& body) { return body + " " + check_code(body) + "\n"; }

std::vector<std::string_view> split(std::string_view s, char by) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= s.size();) {
    const size_t end = std::min(s.find(by, at), s.size());
    parts.push_back(s.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

template <class T>
bool read(std::string_view s, T& value) {
  const auto r = std::from_chars(s.data(), s.data() + s.size(), value);
  return r.ec == std::errc() && r.ptr == s.data() + s.size();
}

bool better(const CostRecord& a, const CostRecord& b) {
  if (a.samples != b.samples) return a.samples > b.samples;
  if (a.us != b.us) return a.us < b.us;
  return a.rejection < b.rejection;
}

}  // namespace

TimingCache TimingCache::load(const std::string& path, const Log& log) {
  if (::access(path.c_str(), F_OK) != 0) return {};
  return with_context("timing cache '" + path + "'", [&] { return parse(read_text_file(path), log); });
}

TimingCache TimingCache::parse(std::string_view text, const Log& log) {
  TimingCache cache;
  if (text.empty()) return cache;
  const auto lines = split(text, '\n');
  if (lines[0] != kHeader) {
    if (lines[0].substr(0, kName.size()) == kName)
      fail(ErrorCode::bad_timing_cache, "it has the version '{}', this Tenon reads version 1; delete it or name another file", lines[0].substr(0, 64));
    fail(ErrorCode::bad_timing_cache, "it does not begin with '{}', so it is no timing cache; delete it or name another file", kHeader);
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const size_t space = lines[i].rfind(' ');
    const bool whole = space != std::string_view::npos && lines[i].substr(space + 1) == check_code(lines[i].substr(0, space));
    if (!whole || !cache.parse_line(lines[i].substr(0, space)))
      log.warning("timing-cache", "line {} is damaged; it is dropped and will be measured again", i + 1);
  }
  return cache;
}

bool TimingCache::parse_line(std::string_view body) {
  const auto parts = split(body, ' ');
  if (parts.size() < 3) return false;
  const std::string key(parts[1]);
  if (parts[0] == "verdict") {
    if (parts[2] == "PASSED") verdicts_[key] = "PASSED";
    return parts[2] == "PASSED";
  }
  if (parts[0] == "choice") {
    std::vector<std::string> offers;
    for (size_t i = 2; i < parts.size(); ++i) {
      auto offer = decode(parts[i]);
      if (!offer) return false;
      offers.push_back(std::move(*offer));
    }
    choices_[key] = std::move(offers);
    return true;
  }
  const auto offer = decode(parts[2]);
  if (!offer) return false;
  CostRecord record;
  if (parts[0] == "reject" && parts.size() == 4) {
    const auto why = decode(parts[3]);
    if (!why || why->empty()) return false;
    record.rejection = *why;
  } else if (parts[0] != "cost" || parts.size() != 5 || !read(parts[3], record.us) || !read(parts[4], record.samples) || !std::isfinite(record.us) || record.us < 0) {
    return false;
  }
  costs_[{key, *offer}] = record;
  return true;
}

std::string TimingCache::text() const {
  std::string out = std::string(kHeader) + "\n";
  for (const auto& [key, r] : costs_) {
    if (r.rejection.empty()) out += line(fmt::format("cost {} {} {:.4f} {}", key.first, encode(key.second), r.us, r.samples));
    else out += line(fmt::format("reject {} {} {}", key.first, encode(key.second), encode(r.rejection)));
  }
  for (const auto& [key, offers] : choices_) {
    std::string body = "choice " + key;
    for (const auto& offer : offers) body += " " + encode(offer);
    out += line(body);
  }
  for (const auto& [key, verdict] : verdicts_) out += line("verdict " + key + " " + verdict);
  return out;
}

void TimingCache::merge(const TimingCache& other) {
  for (const auto& [key, record] : other.costs_) {
    const auto [it, is_new] = costs_.emplace(key, record);
    if (!is_new && better(record, it->second)) it->second = record;
  }
  for (const auto& [key, offers] : other.choices_) {
    const auto [it, is_new] = choices_.emplace(key, offers);
    if (!is_new && offers < it->second) it->second = offers;
  }
  for (const auto& entry : other.verdicts_) verdicts_.insert(entry);
}

void TimingCache::save(const std::string& path, const Log& log) const {
  TimingCache merged = *this;
  try {
    TimingCache there = load(path, log);
    // This build's own choices win over what stood there, so that a second build replays them.
    for (const auto& entry : choices_) there.choices_.erase(entry.first);
    merged.merge(there);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::bad_timing_cache) throw;
  }
  AtomicFile file(path);
  file.write(merged.text());
  file.commit();
}

const CostRecord* TimingCache::cost(const Hash& problem, const std::string& offer) const {
  const auto it = costs_.find({problem.hex(), offer});
  return it == costs_.end() ? nullptr : &it->second;
}

void TimingCache::set_cost(const Hash& problem, const std::string& offer, CostRecord record) {
  // What is stored is what is used: the text keeps four digits.
  record.us = std::round(record.us * 1e4) / 1e4;
  costs_[{problem.hex(), offer}] = std::move(record);
}

const std::vector<std::string>* TimingCache::choice(const Hash& build) const {
  const auto it = choices_.find(build.hex());
  return it == choices_.end() ? nullptr : &it->second;
}

void TimingCache::set_choice(const Hash& build, std::vector<std::string> offers) { choices_[build.hex()] = std::move(offers); }

}  // namespace tenon::core
