#include "canvas.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>
#include <GLES2/gl2ext.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PROBLEM 256

static const char vertex_shader[] = "attribute vec2 corner;\n"
				    "varying vec2 at;\n"
				    "void main() {\n"
				    "	at = corner;\n"
				    "	gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);\n"
				    "}\n";

static const char fragment_shader[] = "precision highp float;\n"
				      "uniform sampler2D picture;\n"
				      "varying vec2 at;\n"
				      "void main() {\n"
				      "	gl_FragColor = texture2D(picture, at);\n"
				      "}\n";

static const char *egl_error_name(EGLint error)
{
	switch (error) {
	case EGL_SUCCESS: return "EGL_SUCCESS";
	case EGL_NOT_INITIALIZED: return "EGL_NOT_INITIALIZED";
	case EGL_BAD_ACCESS: return "EGL_BAD_ACCESS";
	case EGL_BAD_ALLOC: return "EGL_BAD_ALLOC";
	case EGL_BAD_ATTRIBUTE: return "EGL_BAD_ATTRIBUTE";
	case EGL_BAD_CONFIG: return "EGL_BAD_CONFIG";
	case EGL_BAD_CONTEXT: return "EGL_BAD_CONTEXT";
	case EGL_BAD_DISPLAY: return "EGL_BAD_DISPLAY";
	case EGL_BAD_MATCH: return "EGL_BAD_MATCH";
	case EGL_BAD_PARAMETER: return "EGL_BAD_PARAMETER";
	case EGL_CONTEXT_LOST: return "EGL_CONTEXT_LOST";
	default: return "an unknown error";
	}
}

static const char *gl_error_name(GLenum error)
{
	switch (error) {
	case GL_INVALID_ENUM: return "GL_INVALID_ENUM";
	case GL_INVALID_VALUE: return "GL_INVALID_VALUE";
	case GL_INVALID_OPERATION: return "GL_INVALID_OPERATION";
	case GL_INVALID_FRAMEBUFFER_OPERATION: return "GL_INVALID_FRAMEBUFFER_OPERATION";
	case GL_OUT_OF_MEMORY: return "GL_OUT_OF_MEMORY";
	case GL_CONTEXT_LOST_KHR: return "GL_CONTEXT_LOST";
	default: return "an unknown error";
	}
}

/* "EGL does not start with GALLIUM_DRIVER=d3d12 (EGL_NOT_INITIALIZED)" */
static int egl_failed(char problem[MAX_PROBLEM], const char *what)
{
	const char *driver = getenv("GALLIUM_DRIVER");
	bool is_said = driver && *driver;

	snprintf(problem, MAX_PROBLEM, "EGL %s%s%.40s (%s)", what,
		is_said ? " with GALLIUM_DRIVER=" : "", is_said ? driver : "",
		egl_error_name(eglGetError()));
	return -EIO;
}

/* Whether a list of extensions, separated by blanks, has this one. */
static bool lists(const char *extensions, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = extensions; at && (at = strstr(at, name)); at += length)
		if ((at == extensions || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static int open_display(EGLDisplay *ret_display, char problem[MAX_PROBLEM])
{
	const char *extensions = eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);

	if (!lists(extensions, "EGL_MESA_platform_surfaceless")) {
		snprintf(problem, MAX_PROBLEM,
			"EGL cannot draw without a window system: no Mesa (libegl-mesa0) is installed");
		return -EIO;
	}
	EGLDisplay display =
		eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
	if (display == EGL_NO_DISPLAY)
		return egl_failed(problem, "finds no driver");
	if (!eglInitialize(display, NULL, NULL))
		return egl_failed(problem, "does not start");
	*ret_display = display;
	return 0;
}

static int make_context(char problem[MAX_PROBLEM])
{
	static const EGLint wanted[] = { EGL_RENDERABLE_TYPE, EGL_OPENGL_ES2_BIT, EGL_SURFACE_TYPE,
		EGL_DONT_CARE, EGL_NONE };
	static const EGLint version[] = { EGL_CONTEXT_MAJOR_VERSION, 2, EGL_NONE };
	EGLDisplay display = EGL_NO_DISPLAY;
	EGLConfig config;
	EGLint count = 0;

	int r = open_display(&display, problem);
	if (r < 0)
		return r;
	if (!eglBindAPI(EGL_OPENGL_ES_API) ||
		!eglChooseConfig(display, wanted, &config, 1, &count) || count < 1)
		return egl_failed(problem, "offers no OpenGL ES");
	EGLContext context = eglCreateContext(display, config, EGL_NO_CONTEXT, version);
	if (context == EGL_NO_CONTEXT)
		return egl_failed(problem, "makes no OpenGL ES context");
	if (!eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context))
		return egl_failed(problem, "cannot draw without a surface");
	return 0;
}

static int compile(GLuint program, GLenum type, const char *source, char problem[MAX_PROBLEM])
{
	GLuint shader = glCreateShader(type);
	GLint is_good = GL_FALSE;

	glShaderSource(shader, 1, &source, NULL);
	glCompileShader(shader);
	glGetShaderiv(shader, GL_COMPILE_STATUS, &is_good);
	glAttachShader(program, shader);
	if (is_good)
		return 0;
	snprintf(problem, MAX_PROBLEM, "the driver cannot compile a shader");
	return -EIO;
}

static int make_program(char problem[MAX_PROBLEM])
{
	static const GLfloat corners[] = { 0, 0, 1, 0, 0, 1, 1, 1 };
	GLuint program = glCreateProgram(), buffer;
	GLint is_good = GL_FALSE;

	int r = compile(program, GL_VERTEX_SHADER, vertex_shader, problem);
	if (r == 0)
		r = compile(program, GL_FRAGMENT_SHADER, fragment_shader, problem);
	if (r < 0)
		return r;
	glBindAttribLocation(program, 0, "corner");
	glLinkProgram(program);
	glGetProgramiv(program, GL_LINK_STATUS, &is_good);
	if (!is_good) {
		snprintf(problem, MAX_PROBLEM, "the driver cannot link its shaders");
		return -EIO;
	}
	glUseProgram(program);
	glGenBuffers(1, &buffer);
	glBindBuffer(GL_ARRAY_BUFFER, buffer);
	glBufferData(GL_ARRAY_BUFFER, sizeof corners, corners, GL_STATIC_DRAW);
	glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, NULL);
	glEnableVertexAttribArray(0);
	return 0;
}

/* It stays bound. */
static GLuint make_texture(GLenum format, GLsizei width, GLsizei height)
{
	GLuint texture;

	glGenTextures(1, &texture);
	glBindTexture(GL_TEXTURE_2D, texture);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
	glTexImage2D(
		GL_TEXTURE_2D, 0, (GLint)format, width, height, 0, format, GL_UNSIGNED_BYTE, NULL);
	return texture;
}

/* What is drawn into is RGBA, as mutter's virtual monitors are; what goes in and comes out is BGRA,
 * as clients' buffers and PipeWire's are. */
static int make_pictures(struct canvas *canvas, char problem[MAX_PROBLEM])
{
	GLsizei width = (GLsizei)canvas->width_px, height = (GLsizei)canvas->height_px;
	const char *extensions = (const char *)glGetString(GL_EXTENSIONS);
	bool has_bgra = lists(extensions, "GL_EXT_texture_format_BGRA8888") &&
		lists(extensions, "GL_EXT_read_format_bgra");
	GLint max = 0;
	GLuint framebuffer;

	glGetIntegerv(GL_MAX_TEXTURE_SIZE, &max);
	if (width > max || height > max) {
		snprintf(problem, MAX_PROBLEM, "the driver draws no more than %dx%d", max, max);
		return -EIO;
	}
	canvas->pixel_format = has_bgra ? GL_BGRA_EXT : GL_RGBA;
	glGenFramebuffers(1, &framebuffer);
	glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D,
		make_texture(GL_RGBA, width, height), 0);
	if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
		snprintf(problem, MAX_PROBLEM, "the driver cannot draw into a texture");
		return -EIO;
	}
	make_texture(canvas->pixel_format, width, height);
	glViewport(0, 0, width, height);
	glDisable(GL_DITHER);
	glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
	glPixelStorei(GL_PACK_ALIGNMENT, 4);
	return 0;
}

int canvas_init(struct canvas *canvas, uint32_t width_px, uint32_t height_px, char problem[256])
{
	*canvas = (struct canvas){ .width_px = width_px, .height_px = height_px };

	int r = make_context(problem);
	if (r < 0)
		return r;
	canvas->renderer = (const char *)glGetString(GL_RENDERER);
	canvas->vendor = (const char *)glGetString(GL_VENDOR);
	canvas->version = (const char *)glGetString(GL_VERSION);
	if (!canvas->renderer || !canvas->vendor || !canvas->version) {
		snprintf(problem, MAX_PROBLEM, "the driver does not say what it is");
		return -EIO;
	}
	r = make_program(problem);
	if (r == 0)
		r = make_pictures(canvas, problem);
	return r < 0 ? r : canvas_check(problem);
}

void canvas_upload(const struct canvas *canvas, const uint8_t *pixels)
{
	glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, (GLsizei)canvas->width_px,
		(GLsizei)canvas->height_px, canvas->pixel_format, GL_UNSIGNED_BYTE, pixels);
	canvas_draw(canvas);
}

void canvas_draw(const struct canvas *canvas)
{
	(void)canvas;
	glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
	glFinish();
}

void canvas_read(const struct canvas *canvas, uint8_t *pixels)
{
	glReadPixels(0, 0, (GLsizei)canvas->width_px, (GLsizei)canvas->height_px,
		canvas->pixel_format, GL_UNSIGNED_BYTE, pixels);
}

int canvas_check(char problem[256])
{
	GLenum error = glGetError();

	if (error == GL_NO_ERROR)
		return 0;
	snprintf(
		problem, MAX_PROBLEM, "the driver fails at the picture (%s)", gl_error_name(error));
	return -EIO;
}
