#pragma once

/// Marks what libtenon.so exports; everything else in it is hidden.
#define TENON_API __attribute__((visibility("default")))
