#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "client/view/pixels.h"

namespace phosphene::client {

// How a terminal shows pictures.
enum class PictureProtocol { kBlocks, kKitty, kIterm, kSixel };

// Told from the environment (KITTY_WINDOW_ID, TERM, TERM_PROGRAM, LC_TERMINAL);
// PHOSPHENE_PREVIEW=kitty|iterm|sixel|blocks decides where it is set. Inside
// tmux or screen: blocks. `get` answers a variable, or null.
PictureProtocol DetectProtocol(
    const std::function<const char*(const char*)>& get);

// What to write to show `pixels` in a box of `columns` x `rows` cells at the
// cursor. Alpha is shown over a board. The cursor's place afterwards differs
// between protocols: save and restore it.
std::string Picture(PictureProtocol protocol, const Pixels& pixels, int columns,
                    int rows);

// The same with the cursor handled: draws `rows` lines from the current line
// on and leaves the cursor on the line below. `again` first goes back up over
// the picture drawn before.
std::string PictureBlock(PictureProtocol protocol, const Pixels& pixels,
                         int columns, int rows, bool again);

// Largest box of cells, at most `columns` x `rows`, with the aspect of an
// image; a cell is taken as twice as high as wide.
std::pair<int, int> FitCells(int width, int height, int columns, int rows);

}  // namespace phosphene::client
