# ISA and floating-point flags of the kernel files. Never -ffast-math: before gcc 13 it flips
# flush-to-zero for the whole backend at load. Leave to reorder additions is not needed either: the
# kernels name their partial sums.
KERNEL_FLAGS = -O3 -ffp-contract=fast -fno-trapping-math -fno-math-errno -Wno-psabi
ISA_scalar =
ISA_avx2 = -mavx2 -mfma -mf16c -mpopcnt -mbmi -mbmi2
# gcc 12 warns of its own header's undefined vectors (GCC bug 105593).
ISA_avx512 = $(ISA_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mavx512vpopcntdq \
	-Wno-unknown-warning-option -Wno-uninitialized -Wno-maybe-uninitialized
ISA_neon =

extension/kernels/%_scalar.o: override CXXFLAGS += $(KERNEL_FLAGS) $(ISA_scalar)
extension/kernels/%_avx2.o: override CXXFLAGS += $(KERNEL_FLAGS) $(ISA_avx2)
extension/kernels/%_avx512.o: override CXXFLAGS += $(KERNEL_FLAGS) $(ISA_avx512)
extension/kernels/%_neon.o: override CXXFLAGS += $(KERNEL_FLAGS) $(ISA_neon)

# Codes are stored, and must come out the same from every compiler: no fused multiply-add.
FLAGS_rabitq_encode = -ffp-contract=off
FLAGS_rabitq_rotate = -ffp-contract=off
extension/kernels/rabitq_encode.o: override CXXFLAGS += $(KERNEL_FLAGS) $(FLAGS_rabitq_encode)
extension/kernels/rabitq_rotate.o: override CXXFLAGS += $(KERNEL_FLAGS) $(FLAGS_rabitq_rotate)
extension/kernels/rabitq_record.o: override CXXFLAGS += $(KERNEL_FLAGS)
