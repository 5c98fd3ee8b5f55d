# The stand-alone verifier: the log's readers without PostgreSQL, as one program.
verifier_sources = extension/audit/verifier/main.cpp \
	$(addprefix extension/audit/,$(addsuffix .cpp,digest envelope key_ring names note reader render verify verify_notes))

.PHONY: audit-verifier install-audit-verifier
audit-verifier: build/quiver-audit-verify ## build quiver-audit-verify, which checks an audit log without a server
build/quiver-audit-verify: $(verifier_sources) $(wildcard extension/audit/*.hpp)
	@mkdir -p $(@D)
	$(CXX) -std=c++20 -O2 -fno-exceptions -fno-rtti -Wall -Wextra -Wno-missing-field-initializers $(QUIVER_CXXFLAGS) -Iextension \
		-o $@ $(verifier_sources) -lcrypto -lz

install-audit-verifier: build/quiver-audit-verify ## install it beside the server's programs
	install -D -m 755 $< '$(DESTDIR)$(shell $(PG_CONFIG) --bindir)/quiver-audit-verify'
