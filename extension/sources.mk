# What is compiled: every source once (kernels that exist per ISA are in KERNELS). One a line, so
# that two changes do not meet.
SOURCES = \
	module \
	features/query_text \
	features/record_query \
	features/online_plan \
	features/online_read \
	features/online_json \
	features/online_call \
	exact/node \
	exact/path \
	features/asof_cost \
	features/asof_emit \
	features/asof_history \
	features/asof_index \
	features/asof_merge \
	features/asof_node \
	features/asof_offer \
	features/asof_parallel \
	features/asof_path \
	features/asof_plan \
	features/asof_read \
	features/asof_scan \
	features/asof_shape \
	features/asof_space \
	features/asof_values \
	features/generated_query \
	kernels/dispatch \
	types/bit \
	pg/repeated_argument \
	pg/toast \
	types/dense \
	types/dense_array \
	types/dense_bits \
	types/dense_narrow \
	types/dense_sum \
	types/dense_text \
	types/halfvec \
	types/tinyvec \
	types/tinyvec_casts \
	types/vector \
	types/distance_support \
	types/sparse_sum \
	types/sparsevec \
	types/sparsevec_aggregate \
	types/sparsevec_arithmetic \
	types/sparsevec_array \
	types/sparsevec_binary \
	types/sparsevec_cast \
	types/sparsevec_compare \
	types/sparsevec_distance \
	types/sparsevec_text \
	storage/page \
	hnsw/graph_writer \
	hnsw/layout \
	hnsw/options \
	hnsw/space \
	hnsw/value \
	kernels/half \
	kernels/rabitq_encode \
	kernels/rabitq_rotate \
	kernels/text_float_parse \
	kernels/text_float_print \
	kernels/text_half_print \
	kernels/text_int \


KERNELS = \
	dense \
	int8 \
	bits \
	sparse \
	convert \
	rabitq \

include extension/audit/sources.mk
