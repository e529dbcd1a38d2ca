#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// A box of elements from an input (-1: zeros) to an output. Offsets in bytes, strides in elements of what is stored.
struct Move {
  int in = 0, out = 0;
  int64_t from_offset = 0, to_offset = 0;
  Dims dims, from_strides, to_strides;
};

/// The moves that compute a node at concrete dims, in this order; nothing when it is not made of moves, or what it
/// moves is known only at run time.
std::optional<std::vector<Move>> moves_of(const PrepareContext&, std::string& why);

/// True when the node is of a kind that `moves_of` knows and its parameters are constants.
bool is_made_of_moves(const Problem&, std::string& why);
/// True when the op means the same for every axis, so that input and output may share any layout.
bool keeps_layout(const Problem&);
/// What a kernel made of moves offers: row-major and, where the op keeps layouts, channels last.
std::vector<Offer> move_offers(const Problem&, std::string_view tactic);

}  // namespace tenon::core
