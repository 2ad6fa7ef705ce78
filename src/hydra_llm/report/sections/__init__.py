"""The sections of the page: each turns a sweep into drawings, rows and sentences for its part of the template."""
