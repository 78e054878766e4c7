// What Python sees of the machine, and the only file that knows Python.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <array>

#include "finite.h"
#include "fit.h"
#include "loaded.h"
#include "order.h"
#include "pool.h"

namespace nb = nanobind;

namespace flintglass {

namespace {

// Above this, in nanoseconds, a run lets other Python threads run meanwhile.
constexpr double LONG = 20000.0;

// -- programs

std::vector<int> positions(nb::handle list) {
    std::vector<int> numbers;
    for (nb::handle item : list) numbers.push_back(nb::cast<int>(item));
    return numbers;
}

Dimension dimension_of(nb::handle item) {
    if (PyLong_Check(item.ptr())) return {{{nb::cast<int64_t>(item), {}}}};
    Dimension dimension;  // a list of (coefficient, names)
    for (nb::handle term : item) {
        Dimension::Term read{nb::cast<int64_t>(term[0]), {}};
        for (nb::handle name : term[1]) read.names.push_back(nb::cast<std::string>(name));
        dimension.terms.push_back(std::move(read));
    }
    return dimension;
}

std::vector<Dimension> dimensions_of(nb::handle items) {
    std::vector<Dimension> dimensions;
    for (nb::handle item : items) dimensions.push_back(dimension_of(item));
    return dimensions;
}

Number number_of(nb::handle item) {
    if (PyBool_Check(item.ptr())) return nb::cast<bool>(item);
    if (PyLong_Check(item.ptr())) {
        // As the bits of a 64-bit number: the largest of uint64 come as negative ones, and are cast back.
        return static_cast<int64_t>(PyLong_AsUnsignedLongLongMask(item.ptr()));
    }
    return nb::cast<double>(item);
}

// An array as Python is shown it: its memory, its dtype, its shape.
nb::tuple shown(const Array& array) {
    const auto bytes = static_cast<Py_ssize_t>(array.bytes());
    nb::object memory = nb::steal(PyMemoryView_FromMemory(array.data, bytes, PyBUF_WRITE));
    if (!memory.is_valid()) throw nb::python_error();
    nb::list shape;
    for (const int64_t extent : array.shape) shape.append(extent);
    return nb::make_tuple(memory, name_of(array.dtype), shape);
}

// A function of lists of such arrays, operands and results. It is called, and let go of, where Python is held.
HostCall host_call(nb::handle function) {
    const std::shared_ptr<nb::object> kept(new nb::object(nb::borrow(function)), [](nb::object* object) {
        const nb::gil_scoped_acquire held;
        delete object;
    });
    return std::make_shared<const std::function<void(const Arrays&, const Arrays&)>>(
        [kept](const Arrays& inputs, const Arrays& outputs) {
        const nb::gil_scoped_acquire held;
        nb::list given, wanted;
        for (const Array& array : inputs) given.append(shown(array));
        for (const Array& array : outputs) wanted.append(shown(array));
        (*kept)(given, wanted);
    });
}

// A list of (coefficient, names) is a size; a tuple is a list of dimensions.
OpenAttribute attribute_of(nb::handle item) {
    if (PyBool_Check(item.ptr())) return nb::cast<bool>(item);
    if (PyFloat_Check(item.ptr())) return nb::cast<double>(item);
    if (PyUnicode_Check(item.ptr())) return nb::cast<std::string>(item);
    if (PyTuple_Check(item.ptr())) return dimensions_of(item);
    if (PyLong_Check(item.ptr()) || PyList_Check(item.ptr())) return dimension_of(item);
    if (PyCallable_Check(item.ptr())) return host_call(item);
    return Block(nb::cast<std::shared_ptr<Program>>(item));
}

std::shared_ptr<Program> make_program(const std::string& name, nb::list values, nb::list lines, nb::list state,
                                      nb::list inputs, nb::list outputs, nb::list updates) {
    auto program = std::make_shared<Program>();
    program->name = name;
    for (nb::handle item : values) {
        Value value{dtype_named(nb::cast<std::string>(item[0])), dimensions_of(item[1])};
        value.is_literal = !item[2].is_none();
        if (value.is_literal) value.literal = number_of(item[2]);
        program->values.push_back(std::move(value));
    }
    for (nb::handle item : lines) {
        Line line{
            nb::cast<std::string>(item[0]), positions(item[1]), positions(item[2]), {}, nb::cast<std::string>(item[4])};
        for (auto [key, value] : nb::cast<nb::dict>(item[3])) {
            line.attributes.emplace(nb::cast<std::string>(key), attribute_of(value));
        }
        program->lines.push_back(std::move(line));
    }
    program->state = positions(state);
    program->inputs = positions(inputs);
    program->outputs = positions(outputs);
    for (nb::handle item : updates) program->updates.emplace_back(nb::cast<int>(item[0]), nb::cast<int>(item[1]));
    return program;
}

// -- arrays

DType dtype_of(const Py_buffer& view) {
    const char* format = view.format ? view.format : "B";
    if (*format == '@' || *format == '=' || *format == '<') ++format;
    const bool is_unsigned = std::strchr("BHILQ", *format) != nullptr;
    if (std::strchr("bhilqBHILQ", *format) && format[1] == 0) {
        switch (view.itemsize) {
            case 1: return is_unsigned ? DType::UInt8 : DType::Int8;
            case 2: return is_unsigned ? DType::UInt16 : DType::Int16;
            case 4: return is_unsigned ? DType::UInt32 : DType::Int32;
            case 8: return is_unsigned ? DType::UInt64 : DType::Int64;
            default: break;
        }
    }
    if (!std::strcmp(format, "?")) return DType::Bool;
    if (!std::strcmp(format, "e")) return DType::Float16;
    if (!std::strcmp(format, "f")) return DType::Float32;
    if (!std::strcmp(format, "d")) return DType::Float64;
    throw nb::type_error((std::string("an array of this format is unknown to programs: ") + format).c_str());
}

// The memory of a Python array, held for as long as this lives.
class Held {
public:
    Held(nb::handle object, bool writable) {
        const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
        if (view_.format && *view_.format == '>' && !writable) {  // the bytes of the numbers in another order
            PyBuffer_Release(&view_);
            nb::object native = object.attr("astype")(object.attr("dtype").attr("newbyteorder")("="));
            if (PyObject_GetBuffer(native.ptr(), &view_, flags) != 0) throw nb::python_error();
        }
    }
    Held(Held&& other) noexcept : view_(other.view_) { other.view_.obj = nullptr; }
    Held(const Held&) = delete;
    ~Held() { PyBuffer_Release(&view_); }

    Array array() const {
        Array found;
        found.data = static_cast<char*>(view_.buf);
        found.dtype = dtype_of(view_);
        for (int axis = 0; axis < view_.ndim; ++axis) {
            found.shape.push_back(view_.shape[axis]);
            found.strides.push_back(view_.strides[axis] / view_.itemsize);
            if (view_.strides[axis] % view_.itemsize != 0 && view_.shape[axis] > 1) {
                throw nb::type_error("an array whose elements are not aligned cannot be used in place");
            }
        }
        return found;
    }

    bool has_shape_of(const Array& other) const {
        return static_cast<size_t>(view_.ndim) == other.shape.size() &&
               std::equal(other.shape.begin(), other.shape.end(), view_.shape);
    }
    bool is_like(const Array& other) const { return has_shape_of(other) && dtype_of(view_) == other.dtype; }

    // to: of the same shape.
    void copy_to(const Array& to) const {
        if (view_.len == 0) return;  // there may be no memory at all
        if (dtype_of(view_) == to.dtype && PyBuffer_IsContiguous(&view_, 'C') && to.packed()) {
            std::memcpy(to.data, view_.buf, static_cast<size_t>(view_.len));
        } else {
            copy(array(), to);
        }
    }

private:
    Py_buffer view_{};
};

std::vector<Held> held(nb::list objects, bool writable) {
    std::vector<Held> all;
    all.reserve(nb::len(objects));
    for (nb::handle object : objects) all.emplace_back(object, writable);
    return all;
}

Arrays arrays_of(const std::vector<Held>& all) {
    Arrays arrays;
    arrays.reserve(all.size());
    for (const Held& one : all) arrays.push_back(one.array());
    return arrays;
}

// NumPy's own object for a dtype, made once.
PyObject* numpy_dtype(DType dtype) {
    static std::array<PyObject*, DTYPES> known{};
    PyObject*& found = known.at(static_cast<size_t>(dtype));
    if (!found) found = nb::module_::import_("numpy").attr("dtype")(name_of(dtype)).release().ptr();
    return found;
}

// A new NumPy array that holds a copy.
nb::object copied(const Array& array) {
    static PyObject* empty = nb::module_::import_("numpy").attr("empty").inc_ref().ptr();
    nb::object shape = nb::steal(PyTuple_New(array.rank()));
    for (int64_t axis = 0; axis < array.rank(); ++axis) {
        PyTuple_SetItem(shape.ptr(), axis, PyLong_FromLongLong(array.shape[static_cast<size_t>(axis)]));
    }
    PyObject* arguments[] = {shape.ptr(), numpy_dtype(array.dtype)};
    nb::object made = nb::steal(PyObject_Vectorcall(empty, arguments, 2, nullptr));
    if (!made.is_valid()) throw nb::python_error();
    Py_buffer view;  // packed, of a format that is known: nothing of it has to be read
    if (PyObject_GetBuffer(made.ptr(), &view, PyBUF_WRITABLE) != 0) throw nb::python_error();
    if (view.len > 0 && array.packed()) std::memcpy(view.buf, array.data, static_cast<size_t>(view.len));
    else copy(array, Array(static_cast<char*>(view.buf), array.dtype, array.shape));
    PyBuffer_Release(&view);
    return made;
}

// -- running

nb::list computed(Loaded& loaded, std::unique_ptr<Plan> plan, const std::vector<Held>& given, bool training) {
    auto compute = [&] {
        const FlushSubnormals flush(training);
        for (size_t i = 0; i < given.size(); ++i) given[i].copy_to(plan->inputs()[i]);
        plan->run();
    };
    if (plan->cost() > LONG) {
        nb::gil_scoped_release others_run;
        compute();
    } else {
        compute();
    }
    nb::list results;
    for (const Array& output : plan->outputs()) results.append(copied(output));
    loaded.give_back(std::move(plan));
    return results;
}

nb::list run(Loaded& loaded, nb::list state, nb::list inputs, bool training) {
    const std::vector<Held> held_state = held(state, true), given = held(inputs, false);
    std::unique_ptr<Plan> plan = loaded.take(arrays_of(held_state));
    if (given.size() != plan->inputs().size()) throw nb::value_error("the number of inputs is not the program's");
    for (size_t i = 0; i < given.size(); ++i) {
        if (!given[i].has_shape_of(plan->inputs()[i])) throw BadValue("the shape of an input is not the program's");
    }
    return computed(loaded, std::move(plan), given, training);
}

// The same where the inputs are of the program's own shapes and dtypes; None where they are not.
nb::object attempt(Loaded& loaded, nb::list state, nb::list inputs) {
    const std::vector<Held> held_state = held(state, true), given = held(inputs, false);
    std::unique_ptr<Plan> plan = loaded.take(arrays_of(held_state));
    const auto alike = [](const Held& one, const Array& wanted) { return one.is_like(wanted); };
    if (std::equal(given.begin(), given.end(), plan->inputs().begin(), plan->inputs().end(), alike)) {
        return computed(loaded, std::move(plan), given, false);
    }
    loaded.give_back(std::move(plan));
    return nb::none();
}

// Where the time of a run goes: (step, segment, rows, estimated and measured nanoseconds); the state changes.
nb::list timed(Loaded& loaded, nb::list state, int64_t times) {
    const std::vector<Held> held_state = held(state, true);
    std::unique_ptr<Plan> plan = loaded.take(arrays_of(held_state));
    nb::list rows;
    for (const Schedule::Timed& one : plan->schedule().timed(times)) {
        rows.append(nb::make_tuple(one.label, one.segment, one.rows, one.estimated, one.measured));
    }
    loaded.give_back(std::move(plan));
    return rows;
}

std::shared_ptr<Loaded> load(std::shared_ptr<Program> program, nb::dict sizes) {
    Sizes numbers;
    for (auto [name, number] : sizes) numbers.emplace(nb::cast<std::string>(name), nb::cast<int64_t>(number));
    return std::make_shared<Loaded>(std::move(program), std::move(numbers));
}

// -- fits

// The arrays of Python that a fit works on, held while it lives.
class Holding {
public:
    Array hold(nb::handle object, bool writable) {
        held_.emplace_back(object, writable);
        return held_.back().array();
    }
    Arrays hold_all(nb::handle objects, bool writable) {
        Arrays arrays;
        for (nb::handle object : objects) arrays.push_back(hold(object, writable));
        return arrays;
    }

private:
    std::vector<Held> held_;
};

class PythonFit {
public:
    // training, validation: (program, state, columns, rows a batch, most steps or 0); results: (program, state).
    PythonFit(nb::tuple training, nb::object validation, nb::tuple results, nb::dict settings) {
        FitSettings read;
        if (!settings["seed"].is_none()) read.seed = nb::cast<uint64_t>(settings["seed"]);
        read.first_epoch = nb::cast<int64_t>(settings["first_epoch"]);
        for (nb::handle flag : nb::cast<nb::list>(settings["validated"]))
            read.validated.push_back(nb::cast<bool>(flag));
        read.resets = copies_of(settings["resets"]);
        read.kept = copies_of(settings["kept"]);
        read.watched = holding_.hold_all(settings["watched"], false);
        std::unique_ptr<Course> validating;
        if (!validation.is_none()) validating = course_of(nb::cast<nb::tuple>(validation));
        auto program = nb::cast<std::shared_ptr<Program>>(results[0]);
        auto plan = std::make_unique<Plan>(*program, Sizes{}, holding_.hold_all(results[1], true));
        fit_ = std::make_unique<Fit>(course_of(training), std::move(validating), std::move(plan), std::move(read));
    }

    int run(int64_t until_epoch, double seconds, int64_t steps, bool watch, bool at_once) {
        nb::gil_scoped_release others_run;
        return static_cast<int>(fit_->run(until_epoch, seconds, steps, watch, at_once));
    }

    nb::list take_finished() {
        nb::list epochs;
        for (const Fit::Finished& one : fit_->take_finished()) {
            nb::object validation = one.validation.empty() ? nb::none() : nb::object(results_in(one.validation));
            epochs.append(nb::make_tuple(one.epoch, one.seconds, results_in(one.training), validation));
        }
        return epochs;
    }

    nb::list outputs() const {
        nb::list arrays;
        for (const Array& output : fit_->outputs()) arrays.append(copied(output));
        return arrays;
    }

    const Fit& fit() const { return *fit_; }

private:
    Copies copies_of(nb::handle pairs) {
        Copies copies;
        for (nb::handle pair : pairs) copies.emplace_back(holding_.hold(pair[0], true), holding_.hold(pair[1], false));
        return copies;
    }

    std::unique_ptr<Course> course_of(nb::tuple given) {
        return std::make_unique<Course>(nb::cast<std::shared_ptr<Program>>(given[0]), holding_.hold_all(given[1], true),
                                        holding_.hold_all(given[2], false), nb::cast<int64_t>(given[3]),
                                        nb::cast<int64_t>(given[4]));
    }

    // Single numbers as Python's, others as arrays.
    nb::list results_in(const std::vector<char>& bytes) const {
        nb::list results;
        char* data = const_cast<char*>(bytes.data());
        for (const Array& like : fit_->results()) {
            Array one(data, like.dtype, like.shape);
            results.append(one.rank() == 0 ? number_in(one) : copied(one));
            data += one.bytes();
        }
        return results;
    }

    static nb::object number_in(const Array& array) {
        return dispatch(array.dtype, [&](auto tag) -> nb::object {
            using T = typename decltype(tag)::type;
            if constexpr (std::is_same_v<T, Half>) return nb::float_(static_cast<float>(*array.as<T>()));
            else return nb::cast(*array.as<T>());
        });
    }

    Holding holding_;
    std::unique_ptr<Fit> fit_;
};

// -- predictions

// A program of one input and one output over a fixed state, called with as little as can be around it.
class Predictor {
public:
    Predictor(std::shared_ptr<Program> program, nb::list state) : program_(std::move(program)) {
        state_ = holding_.hold_all(state, true);
        const Value& input = program_->values.at(static_cast<size_t>(program_->inputs.at(0)));
        for (const Dimension& extent : input.shape) shape_.push_back(extent.bind({{"n", -1}}));
    }

    // The output for these rows; None where one of the numbers is nan or infinite, which the caller then tells.
    nb::object checked(nb::handle x) { return predicted(x, true); }
    nb::object call(nb::handle x) { return predicted(x, false); }

private:
    static constexpr size_t KEPT = 16;

    nb::object predicted(nb::handle x, bool check) {
        const Held held(x, false);
        const Array given = held.array();
        require_shape(given);
        std::shared_ptr<Loaded> loaded = loaded_for(given.shape[0]);
        std::unique_ptr<Plan> plan = loaded->take(state_);
        const Array& entering = plan->inputs()[0];
        copy(given, entering);
        const bool usable = !check || is_finite(entering);
        if (usable && plan->cost() > LONG) {
            nb::gil_scoped_release others_run;
            plan->run();
        } else if (usable) {
            plan->run();
        }
        nb::object result = usable ? copied(plan->outputs()[0]) : nb::none();
        loaded->give_back(std::move(plan));
        return result;
    }

    void require_shape(const Array& given) const {
        bool fits = given.shape.size() == shape_.size() && !shape_.empty();
        for (size_t axis = 1; fits && axis < shape_.size(); ++axis) fits = given.shape[axis] == shape_[axis];
        if (fits) return;
        std::string text = "rows of shape (n";
        for (size_t axis = 1; axis < shape_.size(); ++axis) text += ", " + std::to_string(shape_[axis]);
        text += ") are expected, not an array of shape (";
        for (int64_t extent : given.shape) text += std::to_string(extent) + ", ";
        throw BadValue(text + ")");
    }

    std::shared_ptr<Loaded> loaded_for(int64_t rows) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const auto& [count, loaded] : loaded_) {
            if (count == rows) return loaded;
        }
        if (loaded_.size() == KEPT) loaded_.erase(loaded_.begin());
        loaded_.emplace_back(rows, std::make_shared<Loaded>(program_, Sizes{{"n", rows}}));
        return loaded_.back().second;
    }

    std::shared_ptr<const Program> program_;
    Holding holding_;
    Arrays state_;
    Shape shape_;
    std::mutex mutex_;
    std::vector<std::pair<int64_t, std::shared_ptr<Loaded>>> loaded_;
};

nb::list names_of(const KernelTable& table) {
    nb::list names;
    for (const auto& [name, kernel] : table) names.append(nb::str(name.c_str()));
    return names;
}

const char* best_set() {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        return "avx512";
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        return "avx2";
#endif
    return "baseline";
}

void raise(const char* kind, const char* message) {
    nb::object type = nb::module_::import_("flintglass.errors").attr(kind);
    PyErr_SetString(type.ptr(), message);
}

}  // namespace

}  // namespace flintglass

NB_MODULE(MACHINE_MODULE, m) {
    using namespace flintglass;
    m.doc() = "The machine of the native engine: programs become plans, and plans run.";
    m.attr("isa") = MACHINE_ISA;
    nb::register_exception_translator([](const std::exception_ptr& error, void*) {
        try {
            std::rethrow_exception(error);
        } catch (const IndexOutOfRange& e) {
            raise("IndexOutOfRange", e.what());
        } catch (const BadValue& e) {
            PyErr_SetString(PyExc_ValueError, e.what());
        }
    });
    nb::class_<Program>(m, "Program");  // NOLINT(bugprone-unused-raii): making it is what it is for
    m.def("program", &make_program, nb::arg("name"), nb::arg("values"), nb::arg("lines"), nb::arg("state"),
          nb::arg("inputs"), nb::arg("outputs"), nb::arg("updates"), "A program in the machine's own form.");
    nb::class_<Loaded>(m, "Loaded")
        .def("run", &run, nb::arg("state"), nb::arg("inputs"), nb::arg("training") = false)
        .def("attempt", &attempt, nb::arg("state"), nb::arg("inputs"), "The same where the inputs fit; else None.")
        .def("timed", &timed, nb::arg("state"), nb::arg("times"), "Where the time of a run goes, step by step.");
    m.def("load", &load, nb::arg("program"), nb::arg("sizes"), "The program with its sizes bound to numbers.");
    nb::class_<PythonFit>(m, "Fit")
        .def(nb::init<nb::tuple, nb::object, nb::tuple, nb::dict>(), nb::arg("training"), nb::arg("validation").none(),
             nb::arg("results"), nb::arg("settings"))
        .def("run", &PythonFit::run, nb::arg("until_epoch"), nb::arg("seconds"), nb::arg("steps"), nb::arg("watch"),
             nb::arg("at_once"))
        .def("take_finished", &PythonFit::take_finished)
        .def("outputs", &PythonFit::outputs)
        .def_prop_ro("epoch", [](const PythonFit& self) { return self.fit().epoch(); })
        .def_prop_ro("step", [](const PythonFit& self) {
        return self.fit().step();
    }).def_prop_ro("bad_step", [](const PythonFit& self) { return self.fit().bad_step(); });
    nb::class_<Predictor>(m, "Predictor")
        .def(nb::init<std::shared_ptr<Program>, nb::list>(), nb::arg("program"), nb::arg("state"))
        .def("checked", &Predictor::checked, nb::arg("x"), "The output for these rows; None where x is not finite.")
        .def("__call__", &Predictor::call, nb::arg("x"), "The output for these rows.");
    m.def("kernel_names", [] { return names_of(kernels()); }, "The primitives that have a kernel.");
    m.def("thread_count", &thread_count, "How many threads compute.");
    m.def("set_thread_count", &set_thread_count, nb::arg("count"), "Set it; 0: as many as the process may use.");
    m.def("permutation", [](uint64_t seed, uint64_t epoch, int64_t rows) {
        std::vector<int64_t> order(static_cast<size_t>(rows));
        permute(seed, epoch, order);
        return copied(Array(reinterpret_cast<char*>(order.data()), DType::Int64, {rows}));
    }, nb::arg("seed"), nb::arg("epoch"), nb::arg("rows"), "The order of the rows in an epoch.");
    m.def("best_set", &best_set, "The best instruction set, of those that a machine is built for, of this processor.");
    m.def("usable_processors", &usable_processors, nb::arg("control_groups") = "/sys/fs/cgroup",
          "How many processors this process may use; where a container's share is read can be said.");
}
