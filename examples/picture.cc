#include "picture.h"

#include <png.h>

#include <stdexcept>

Picture read_png(const std::string& path) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&png, path.c_str())) throw std::runtime_error(path + ": " + png.message);
  png.format = PNG_FORMAT_RGB;
  Picture picture{static_cast<int>(png.width), static_cast<int>(png.height), {}};
  picture.rgb.resize(PNG_IMAGE_SIZE(png));
  const png_color white{255, 255, 255};
  if (!png_image_finish_read(&png, &white, picture.rgb.data(), 0, nullptr)) throw std::runtime_error(path + ": " + png.message);
  return picture;
}
