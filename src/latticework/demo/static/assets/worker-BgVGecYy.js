const e=[`silu`,`relu`,`leaky_relu`,`tanh`];function t(e,t){let n=Math.fround(e.gain),r=e=>Math.fround(Math.fround(e/255)*n),{values:i,codes:a}=e;if(i&&a){let e=i.length;return Float64Array.from(a,n=>i[n<e?n:t[n-e]])}let o=/* @__PURE__ */ new Float64Array(784);for(let n=0;n<784;n++){let i=e.order?e.order[n]:n;o[n]=r(t[i])}if(!e.projection)return o;let{steps:s,channels:c,perStep:l,projection:u}=e,d=new Float64Array(s*c);for(let e=0;e<s;e++)for(let t=0;t<c;t++){let n=0;for(let r=0;r<l;r++)n+=u[t*l+r]*o[e*l+r];d[e*c+t]=n}return d}function n(e,t){return e.logTau.map(e=>Math.exp(-t*Math.exp(-e)))}function r(e,t,r,a,o){let{cells:s,slots:c,channels:l,pred:u,channel:d}=e,f=o.length/l,p=n(t,r),m=new Float64Array(f*s),h=new Float64Array(f*s),g=new Float64Array(f*s);for(let e=0;e<f;e++){let n=e*s;for(let r=0;r<s;r++){let i=0;for(let a=r*c;a<(r+1)*c;a++){let r=u[a];r>=0?i+=t.weight[a]*g[n+r]:d[a]>=0&&(i+=t.weight[a]*o[e*l+d[a]])}let a=e?h[n-s+r]:0,f=p[r],_=f*a+(1-f)*i;m[n+r]=i,h[n+r]=_,g[n+r]=Math.tanh(_+t.bias[r])}}let{readouts:_,scores:v}=i(e,a,g,f);return{steps:f,drives:m,states:h,outputs:g,readouts:_,scores:v}}function i(e,t,n,r){let{cells:i,classes:a,members:o,ports:s,signs:c}=e,l=new Float64Array(r*a),u=new Float64Array(a);for(let e=0;e<r;e++)for(let r=0;r<a;r++){let d=0;for(let t=r*o;t<(r+1)*o;t++)d+=c[t]*n[e*i+s[t]];l[e*a+r]=t*d,u[r]+=t*d}return{readouts:l,scores:u}}function a(e){let t=Float64Array.from(e),n=t.reduce((e,t)=>Math.max(e,t),-1/0),r=t.map(e=>Math.exp(e-n)),i=r.reduce((e,t)=>e+t,0);return r.map(e=>e/i)}function o(e){let t=Array.from({length:e.cells},()=>[]);for(let n=0;n<e.cells;n++)for(let r=0;r<e.slots;r++){let i=e.pred[n*e.slots+r];i>=0&&t[i].push(n)}return t}function s(e,t){let n=o(e),r=[],i=[];for(let t=0;t<e.cells;t++)r.push(t),i.push(t);for(let a=0;a<e.cells;a++){let e=[a],o=new Set(e);for(let s=0;s<t;s++){let t=[];for(let s of e)for(let e of n[s])o.has(e)||(o.add(e),t.push(e),r.push(a),i.push(e));e=t}}let a=new Map(r.map((t,n)=>[t*e.cells+i[n],n])),s=new Int32Array(r.length*e.slots).fill(-1);for(let t=e.cells;t<r.length;t++)for(let n=0;n<e.slots;n++){let o=e.pred[i[t]*e.slots+n];o>=0&&(s[t*e.slots+n]=a.get(r[t]*e.cells+o)??-1)}let c=r.map((e,t)=>t).slice(e.cells);return c.sort((t,n)=>e.depth[i[t]]-e.depth[i[n]]||t-n),{src:Int32Array.from(r),dst:Int32Array.from(i),predPair:s,order:Int32Array.from(c)}}function c(e,t,n,r,i){for(let a=e.cells-1;a>=0;a--){let o=i[a]*r[a]*(1-n[a]);for(let n=a*e.slots;n<(a+1)*e.slots;n++){let r=e.pred[n];r>=0&&(i[r]+=o*t[n])}}}function l(e,t,r,i,o,s,l,d){let{cells:f,slots:p,channels:m,classes:h,members:g,ports:_,signs:v,pred:y,channel:b}=e,{steps:x,drives:S,states:C,outputs:w,scores:T}=l,E=2+p,D=n(r,i),O=a(T),k=-Math.log(Math.max(O[d],1e-300));--O[d];let A=new Float64Array(x*f),j=new Float64Array(x*f),M=new Float64Array(f*E),N=new Float64Array(t.src.length*E),P=new Float64Array(t.src.length*E),F=new Float64Array(f);for(let n=0;n<x;n++){let a=n*f,l=A.subarray(a,a+f);for(let e=0;e<h;e++)for(let t=e*g;t<(e+1)*g;t++)l[_[t]]+=o*v[t]*O[e];for(let e=0;e<f;e++)F[e]=1-w[a+e]**2;c(e,r.weight,D,F,l);for(let e=0;e<f;e++){let t=D[e],o=e*E,c=n?C[a-f+e]:0,u=t*i*Math.exp(-r.logTau[e]);N[o]=t*N[o]+u*(c-S[a+e]);let d=0;for(let r=0;r<p;r++){let i=e*p+r,c=y[i]>=0?w[a+y[i]]:b[i]>=0?s[n*m+b[i]]:0,l=t*N[o+2+r]+(1-t)*c;N[o+2+r]=l,d+=l*l}j[a+e]=Math.sqrt(d/p);for(let t=0;t<E;t++)P[o+t]=F[e]*(N[o+t]+ +(t===1)),M[o+t]+=l[e]*P[o+t]}for(let e of t.order){let n=t.dst[e],i=l[n]*F[n];for(let a=0;a<E;a++){let o=D[n]*N[e*E+a];M[t.src[e]*E+a]+=i*o;let s=o;for(let i=0;i<p;i++){let o=t.predPair[e*p+i];o>=0&&(s+=(1-D[n])*r.weight[n*p+i]*P[o*E+a])}N[e*E+a]=s,P[e*E+a]=F[n]*s}}}return{direction:u(M,f,p),loss:k,messages:A,traces:j}}function u(e,t,n){let r=2+n,i=new Float64Array(t*n);for(let a=0;a<t;a++)i.set(e.subarray(a*r+2,(a+1)*r),a*n);return{logTau:Float64Array.from({length:t},(t,n)=>e[n*r]),bias:Float64Array.from({length:t},(t,n)=>e[n*r+1]),weight:i}}const d=[`logTau`,`weight`,`bias`],f=.9,p=.999;var m=class{model;hops;rate;params;mean;square;pairs;steps=0;constructor(e,t,n=.003){this.model=e,this.hops=t,this.rate=n,this.pairs=s(e.wiring,t),this.params=g(e.params),this.mean=_(e.params),this.square=_(e.params)}forget(e=Math.random){let{wiring:t}=this.model;for(let n=0;n<t.cells;n++){let r=0;for(let e=0;e<t.slots;e++){let i=n*t.slots+e;(t.pred[i]>=0||t.channel[i]>=0)&&r++}for(let i=0;i<t.slots;i++){let a=1.3/Math.sqrt(Math.max(r,2));this.params.weight[n*t.slots+i]=e()<.5?-a:a}this.params.bias[n]=.1*(e()-.5),this.params.logTau[n]=Math.log(2e-4)+e()*Math.log(5)}this.restart()}restore(){this.params=g(this.model.params),this.restart()}restart(){this.mean=_(this.params),this.square=_(this.params),this.steps=0}step(e){let{model:n,params:i}=this,a=_(i),o=0,s=0;for(let{image:c,label:u}of e){let f=t(n.input,c),p=r(n.wiring,i,n.dt,n.readoutGain,f),m=l(n.wiring,this.pairs,i,n.dt,n.readoutGain,f,p,u);o+=m.loss/e.length,h(p.scores)===u&&s++;for(let t of d){let n=a[t];m.direction[t].forEach((t,r)=>n[r]+=t/e.length)}}return this.descend(a),{steps:this.steps,loss:o,right:s,of:e.length}}descend(e){let t=0;for(let n of d)for(let r of e[n])t+=r*r;let n=Math.min(1,1/Math.max(Math.sqrt(t),1e-300));this.steps++;let r=1/(1-f**this.steps),i=1/(1-p**this.steps);for(let t of d){let[a,o,s,c]=[this.params[t],this.mean[t],this.square[t],e[t]];for(let e=0;e<a.length;e++){let t=c[e]*n;o[e]=f*o[e]+.09999999999999998*t,s[e]=p*s[e]+.0010000000000000009*t*t,a[e]-=this.rate*r*o[e]/(Math.sqrt(i*s[e])+1e-8)}}}};function h(e){let t=0;for(let n=1;n<e.length;n++)e[n]>e[t]&&(t=n);return t}function g(e){return{logTau:e.logTau.slice(),weight:e.weight.slice(),bias:e.bias.slice()}}function _(e){return{logTau:new Float64Array(e.logTau.length),weight:new Float64Array(e.weight.length),bias:new Float64Array(e.bias.length)}}async function v(e){if(e===`cpu`)return`the CPU was chosen`;let t=globalThis.navigator?.gpu;if(!t)return`this browser has no WebGPU here`;try{let n=await t.requestAdapter();if(!n)return`WebGPU found no graphics adapter`;let{vendor:r,architecture:i,description:a,isFallbackAdapter:o}=n.info;if(o&&e===`auto`)return`WebGPU has only a software adapter here, which is slower`;let s=a||[r,i].filter(Boolean).join(` `)||`a GPU`;return{device:await n.requestDevice(),name:s}}catch(e){return`WebGPU could not start (${e instanceof Error?e.message:String(e)})`}}function y(e,t){let n=e.createBuffer({size:Math.max(16,t.byteLength),usage:GPUBufferUsage.STORAGE|GPUBufferUsage.COPY_DST|GPUBufferUsage.COPY_SRC});return e.queue.writeBuffer(n,0,t.buffer,t.byteOffset,t.byteLength),n}function b(e,t){return y(e,new Float32Array(t))}function x(e,t){let n=new Uint32Array(Math.ceil(t.length/4)*4);n.set(t);let r=e.createBuffer({size:n.byteLength,usage:GPUBufferUsage.UNIFORM|GPUBufferUsage.COPY_DST});return e.queue.writeBuffer(r,0,n),r}const S={u:`uniform`,r:`read-only-storage`,w:`storage`};function C(e,t,n,r=`main`){let i=[...n].map((e,t)=>({binding:t,visibility:GPUShaderStage.COMPUTE,buffer:{type:S[e]}})),a=e.createPipelineLayout({bindGroupLayouts:[e.createBindGroupLayout({entries:i})]}),o=e.createShaderModule({code:t});return e.createComputePipeline({layout:a,compute:{module:o,entryPoint:r}})}function w(e,t,n){return e.createBindGroup({layout:t.getBindGroupLayout(0),entries:n.map((e,t)=>({binding:t,resource:{buffer:e}}))})}async function T(e,t,n){let r=n*4,i=e.createBuffer({size:r,usage:GPUBufferUsage.MAP_READ|GPUBufferUsage.COPY_DST}),a=e.createCommandEncoder();a.copyBufferToBuffer(t,0,i,0,r),e.queue.submit([a.finish()]),await i.mapAsync(GPUMapMode.READ);let o=new Float32Array(i.getMappedRange().slice(0));return i.destroy(),o}function E(e,t,n){let r=/* @__PURE__ */ new ArrayBuffer(Math.ceil((t.length+n.length)/4)*16);new Uint32Array(r).set(t),new Float32Array(r).set(n,t.length);let i=e.createBuffer({size:r.byteLength,usage:GPUBufferUsage.UNIFORM|GPUBufferUsage.COPY_DST});return e.queue.writeBuffer(i,0,r),i}function D(...e){let t=new Float32Array(e.reduce((e,t)=>e+t.length,0)),n=0;for(let r of e)t.set(r,n),n+=r.length;return t}var O=class{model;sites;plane;around;writers;constructor(e){this.model=e;let{rows:t,cols:n,levels:r,length:i,nets:a}=e;this.sites=t*n,this.plane=i*this.sites,this.around=P(t,n),this.writers=Array.from({length:r},(e,t)=>a.filter(e=>e.writes===t).length)}start(e){let t=new Float32Array(this.model.levels*this.plane);return t.set(this.model.start,this.plane),t.set(this.bottom(e)),t}bottom(e){return A(this.model,e)}advance(e,t,n){let{model:r,plane:i,sites:a}=this,o=this.said(e),s=new Float32Array(e.length);for(let t=0;t<r.levels;t++){let c=r.update===`average`&&t?1/(1+this.writers[t]):1;for(let r=t*i;r<(t+1)*i;r++){let t=n&&!n[r%a];s[r]=t?e[r]:c*(e[r]+o[r])}}return r.refeed&&s.set(t),s}said(e){let{model:t,sites:n,plane:r,around:i}=this,a=t.length,o=new Float32Array(e.length),s=new Float64Array(9*a),[c,l]=[new Float64Array(a),new Float64Array(a)];for(let u=0;u<t.levels;u++){let d=t.nets.map((e,t)=>({...e,n:t})).filter(e=>e.reads===u);for(let f=0;f<n&&d.length;f++){for(let t=0;t<9;t++){let o=u*r+i[f*9+t];for(let r=0;r<a;r++)s[t*a+r]=e[o+r*n]}let p=t.rows>1?2*Math.floor(f/t.cols)/(t.rows-1)-1:-1,m=t.cols>1?2*(f%t.cols)/(t.cols-1)-1:-1;for(let{n:e,writes:i}of d){this.layer1(e,s,c,p,m),this.layer(t.weight2,t.bias2,e,c,l);for(let e=0;e<a;e++)l[e]+=c[e];for(let s=0;s<a;s++){let u=t.bias3[e*a+s];for(let n=0;n<a;n++)u+=t.weight3[(e*a+s)*a+n]*l[n];o[i*r+s*n+f]+=t.scale*(Math.tanh(u)+c[s]+l[s])}}}}return o}layer1(e,t,n,r,i){let{weight1:a,bias1:o,place:s,length:c}=this.model;for(let l=0;l<c;l++){let u=e*c+l,d=o[u]+s[2*u]*r+s[2*u+1]*i;for(let e=0,n=u*9*c;e<9*c;e++,n++)d+=a[n]*t[e];n[l]=Math.tanh(d)}}layer(e,t,n,r,i){let a=this.model.length;for(let o=0;o<a;o++){let s=t[n*a+o];for(let t=0,i=(n*a+o)*a;t<a;t++,i++)s+=e[i]*r[t];i[o]=Math.tanh(s)}}},k=class{model;held;periods;constructor(e,t){this.model=e,this.held=e.divisors.map(()=>t),this.periods=e.divisors.map(t=>Math.max(1,Math.floor(e.steps/t)))}fires(e,t){return e%this.periods[t]===0}apply(e,t){return this.held.forEach((n,r)=>{this.fires(t,r)&&(e=e.map((e,t)=>e+this.model.factor*n[t]),this.held[r]=e)}),e}finish(e){return e.map((e,t)=>e+this.model.factor*this.held.reduce((e,n)=>e+n[t],0))}};function A(e,t){let{rows:n,cols:r,patch:i,length:a,basis:o,mean:s,deviation:c}=e,l=new Float32Array(a*n*r);for(let e=0;e<n;e++)for(let u=0;u<r;u++)for(let d=0;d<a;d++){let a=0;for(let n=0;n<i*i;n++){let r=t[(e*i+Math.floor(n/i))*28+u*i+n%i]/255;a+=o[d*i*i+n]*((r-s)/c)}l[d*n*r+e*r+u]=a}return l}function j(e,t){let{rows:n,cols:r,patch:i,aliveAbove:a}=e;if(a===null)return null;let o=new Uint8Array(n*r);for(let e=0;e<784;e++)t[e]/255<=a||(o[Math.floor(Math.floor(e/28)/i)*r+Math.floor(e%28/i)]=1);let s=P(n,r);return o.map((e,t)=>Number([...s.subarray(9*t,9*t+9)].some(e=>o[e])))}function M(e,t,n){let r=e.rows*e.cols,i=(e.levels-1)*e.length*r,a=/* @__PURE__ */ new Float64Array(10),o=0;for(let s=0;s<r;s++){if(n&&!n[s])continue;o++;let c=N(e,t,s);for(let n=0;n<10;n++)a[n]+=e.verdict===`mean`?t[i+n*r+s]:Number(n===c)}return e.verdict===`mean`?a.map(e=>e/Math.max(o,1)):a}function N(e,t,n){let r=e.rows*e.cols,i=(e.levels-1)*e.length*r+n,a=0;for(let n=1;n<e.length;n++)t[i+n*r]>t[i+a*r]&&(a=n);return a}function P(e,t){let n=new Int32Array(e*t*9);for(let r=0;r<e;r++)for(let i=0;i<t;i++)for(let a=0;a<9;a++){let[o,s]=[Math.floor(a/3)-1,a%3-1];n[(r*t+i)*9+a]=(r-o+e)%e*t+(i-s+t)%t}return n}const F={silu:e=>e/(1+Math.exp(-e)),relu:e=>e>0?e:0,leaky_relu:e=>e>0?e:.01*e,tanh:Math.tanh};var ee=class{model;cells;weight;window;constructor(e){this.model=e;let[t,n,r]=e.shape;this.cells=t*n*r,this.weight=re(e,this.cells);let[i,a,o]=e.block,s=(i+2)*(a+2)*(o+2);this.window=[new Float64Array(s),new Float64Array(s)]}start(e){return I(this.model,e)}step(e,t){let{model:n,cells:r}=this,{normWeight:i,normBias:a,eps:o}=n,s=n.outerResidual?L(e,i,a,o):e,c=new Float32Array(n.inner*r);this.sweep(s,c,n.sets>1?t:0);let l=n.inner?c.subarray((n.inner-1)*r):s;return n.outerResidual?{inner:c,state:e.map((e,t)=>e+l[t]-s[t])}:{inner:c,state:L(l,i,a,o)}}sweep(e,t,n){let[r,i,a]=this.model.shape,[o,s,c]=this.model.block;for(let l=0;l<r;l+=o)for(let r=0;r<i;r+=s)for(let i=0;i<a;i+=c)this.block(e,t,n,l,r,i)}block(e,t,n,r,i,a){let{model:o,cells:s}=this,[c,l,u]=o.shape,[d,f,p]=o.block,[m,h]=this.window,[g,_]=[(f+2)*(p+2),p+2],v=0;for(let t=r-1;t<=r+d;t++)for(let n=i-1;n<=i+f;n++)for(let r=a-1;r<=a+p;r++,v++)m[v]=t>=0&&t<c&&n>=0&&n<l&&r>=0&&r<u?e[(t*l+n)*u+r]:0;h.set(m);let y=F[o.activation],b=27*(o.isGated?2:1),[x,S]=[o.bias,o.scale],C=n*s*(o.isGated?2:1);for(let e=0;e<o.inner;e++){let[c,v]=o.blockNorm?ne(m,o.blockEps):[0,1];for(let o=0;o<d;o++)for(let d=0;d<f;d++)for(let f=0;f<p;f++){let p=((r+o)*l+i+d)*u+a+f,w=(o+1)*g+(d+1)*_+f+1,T=(n*s+p)*b,E=m[w],D=x[C+p]+this.dot(m,w-g-_-1,g,_,T,c,v),O;if(S)O=E+S[n*s+p]*y(D);else{let e=x[C+s+p]+this.dot(m,w-g-_-1,g,_,T+27,c,v),t=1/(1+Math.exp(-e));O=t*E+(1-t)*y(D)}h[w]=O,t[e*s+p]=O}[m,h]=[h,m]}}dot(e,t,n,r,i,a,o){let s=this.weight,c=0,l=0;for(let o=0;o<3;o++)for(let u=0;u<3;u++,i+=3){let d=t+o*n+u*r;c+=s[i]*e[d]+s[i+1]*e[d+1]+s[i+2]*e[d+2],a&&(l+=s[i]+s[i+1]+s[i+2])}return o*(c-a*l)}read(e){return te(this.model,e)}};function I(e,t){let{face:n,shape:r,initial:i}=e,a=i.slice();for(let e=0;e<n.height;e++)for(let i=0;i<n.width;i++){let o=0;for(let r=0;r<n.pool;r++)for(let a=0;a<n.pool;a++)o+=t[(e*n.pool+r)*28+i*n.pool+a];let s=o/255/n.pool**2;a[((n.offset+e)*r[1]+n.offset+i)*r[2]]=(s-n.mean)/n.sd}return a}function te(e,t){let[n,r,i]=e.shape,{layers:a,readWeight:o,readBias:s}=e,c=new Float32Array(n*r*a);for(let e=0;e<n*r;e++)for(let n=0;n<a;n++)c[e*a+n]=t[e*i+i-a+n];let l=L(c,e.readNormWeight,e.readNormBias,e.readEps);return Float64Array.from(s,(e,t)=>{let n=e;for(let e=0;e<l.length;e++)n+=o[t*l.length+e]*l[e];return n})}function L(e,t,n,r){let i=0;for(let t of e)i+=t;i/=e.length;let a=0;for(let t of e)a+=(t-i)*(t-i);let o=1/Math.sqrt(a/e.length+r),s=new Float32Array(e.length);for(let r=0;r<e.length;r++)s[r]=(e[r]-i)*o*t[r]+n[r];return s}function ne(e,t){let n=0;for(let t of e)n+=t;n/=e.length;let r=0;for(let t of e)r+=(t-n)*(t-n);let i=Math.sqrt(r/e.length);return[n,i+t>0?1/(i+t):0]}function re(e,t){let n=e.isGated?2:1,r=new Float32Array(e.weight.length);for(let i=0;i<e.sets;i++)for(let a=0;a<27;a++)for(let o=0;o<n;o++){let s=((i*27+a)*n+o)*t;for(let c=0;c<t;c++)r[((i*t+c)*n+o)*27+a]=e.weight[s+c]}return r}function ie(e,t){let{crop:n,lines:r,stride:i,waves:a,length:o,isOnOff:s}=e,c=(28-n)/2,l=c%1?2*Math.round(c/2):c,u=[];for(let e=0;e<a;e++){let a=new Uint8Array(r*n*(s?2:1));for(let o=0;o<r;o++)for(let c=0;c<n;c++){let u=t[(l+e*i+o)*28+l+c];a[o*n+c]=u,s&&(a[r*n+o*n+c]=255-u)}u.push(a)}let d=u.reduce((e,t)=>Math.max(e,...t),0),f=2**o-1;return u.map(e=>Uint32Array.from(e,e=>{let t=d?Math.ceil(o*e/d):0;return t?(f<<o-t&f)>>>0:0}))}function ae(e,t,n){let r=2**n-1;return(e<<1&r|t>>>n-1&1)>>>0}var oe=class{model;constructor(e){this.model=e}run(e){let{model:t}=this,n=Object.keys(t.sizes),r=Object.fromEntries(n.map(e=>[e,new Uint32Array(t.waves*t.sizes[e])])),i=Object.fromEntries(t.columns.map(e=>[e.name,new Float32Array(t.waves*e.size)])),a=()=>Object.fromEntries(n.map(e=>[e,new Uint32Array(t.sizes[e])])),o=a(),s=a();return ie(t,e).forEach((e,a)=>{let c={};for(let{name:n,channels:r}of t.inputs)c[n]=Uint32Array.from(r,t=>e[t]);for(let{name:e}of t.buffers)c[e]=s[e];let l=e=>c[e].map((n,r)=>ae(n,t.separateWaves?0:o[e][r],t.length));for(let e of t.columns){let n=this.drive(e,l);c[e.name]=se(t,e,n),i[e.name].set(n.subarray((t.length-1)*e.size),a*e.size)}let u={};for(let{name:e,of:n,height:r}of t.buffers)u[e]=r?l(n):c[e];s=u,o=c;for(let e of n)r[e].set(c[e],a*t.sizes[e])}),{trains:r,drives:i,scores:R(t,r)}}drive(e,t){let{model:n}=this,r=new Float32Array(n.length*e.size);for(let i of n.links){if(i.target!==e.name)continue;let a=t(i.source);for(let t=0;t<n.length;t++)for(let n=0;n<a.length;n++){if(!(a[n]>>>t&1))continue;let o=n*e.size;for(let n=0;n<e.size;n++)r[t*e.size+n]+=i.height*i.weight[o+n]}}return r}};function se(e,t,n){let r=new Int32Array(t.size).fill(-1);for(let i=0;i<t.size;i++)for(let a=0;a<e.length&&r[i]<0;a++)n[a*t.size+i]>=t.threshold&&(r[i]=a);let i=[...r.keys()].filter(e=>r[e]>=0);i.sort((e,t)=>r[e]-r[t]||e-t);let a=new Uint32Array(t.size),o=2**e.lastStep-1;for(let n of i.slice(0,t.winners??t.size))r[n]<e.lastStep&&(a[n]=(o<<r[n]&o)>>>0);return a}function ce(e){let t=0;for(let n=e;n;n=(n&n-1)>>>0)t++;return t}function R(e,t){let n=[];for(let r=e.readsAll?0:e.waves-1;r<e.waves;r++)for(let i of e.read){let a=e.sizes[i];for(let o=0;o<a;o++)n.push(ce(t[i][r*a+o])/e.scale)}return Float64Array.from(e.bias,(t,r)=>n.reduce((t,i,a)=>t+i*e.weight[r*n.length+a],t))}var z=`// y = a + factor (b - c) elementwise; where b and c are the same buffer, y = a.
struct Shape { count: u32, factor_b: f32, factor_c: f32, unused: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.count) { return; }
  y[id.x] = a[id.x] + shape.factor_b * b[id.x] + shape.factor_c * c[id.x];
}
`,le=`// One synchronous step of all columns, one thread per site and level: what each net that writes the
// level says, added to the vector or averaged with it. Snapshots are added by combine.wgsl.
const MOST: u32 = 32u;

struct Shape {
  size: vec4<u32>,     // rows, columns, levels, length of a vector
  rule: vec4<u32>,     // nets, average, refeed, alive mask in use
  numbers: vec4<f32>,  // scale of what the nets say
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> nets: array<vec2<u32>>;  // level read, level written
@group(0) @binding(2) var<storage, read> weights: array<f32>;     // net: W1, b1, W2, b2, W3, b3, place
@group(0) @binding(3) var<storage, read> bottom: array<f32>;      // [channel, site], then alive [site]
@group(0) @binding(4) var<storage, read> now: array<f32>;         // [level, channel, site]
@group(0) @binding(5) var<storage, read_write> next: array<f32>;

fn squash(h: f32) -> f32 { return tanh(clamp(h, -15.0, 15.0)); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let rows = shape.size.x;
  let cols = shape.size.y;
  let d = shape.size.w;
  let sites = rows * cols;
  if (id.x >= sites * shape.size.z) { return; }
  let level = id.x / sites;
  let site = id.x % sites;
  let home = level * d * sites + site;
  let is_dead = shape.rule.w == 1u && bottom[d * sites + site] == 0.0;
  if (level == 0u && shape.rule.z == 1u) {
    for (var c = 0u; c < d; c++) { next[home + c * sites] = bottom[c * sites + site]; }
    return;
  }
  var said: array<f32, MOST>;
  for (var c = 0u; c < d; c++) { said[c] = 0.0; }
  var writers = 0.0;
  let width = d * 9u * d + d + 2u * (d * d + d) + 2u * d;
  let row = site / cols;
  let col = site % cols;
  let y = select(-1.0, 2.0 * f32(row) / f32(max(rows, 2u) - 1u) - 1.0, rows > 1u);
  let x = select(-1.0, 2.0 * f32(col) / f32(max(cols, 2u) - 1u) - 1.0, cols > 1u);
  for (var n = 0u; n < shape.rule.x; n++) {
    if (nets[n].y != level || is_dead) { continue; }
    writers += 1.0;
    let plane = nets[n].x * d * sites;
    let w1 = n * width;
    let b1 = w1 + d * 9u * d;
    let w2 = b1 + d;
    let b2 = w2 + d * d;
    let w3 = b2 + d;
    let b3 = w3 + d * d;
    let place = b3 + d;
    var q: array<f32, MOST>;
    var k: array<f32, MOST>;
    for (var c = 0u; c < d; c++) {
      q[c] = weights[b1 + c] + weights[place + 2u * c] * y + weights[place + 2u * c + 1u] * x;
    }
    for (var block = 0u; block < 9u; block++) {
      // The site (i - sy, j - sx) of the torus.
      let i = (row + rows + 1u - block / 3u) % rows;
      let j = (col + cols + 1u - block % 3u) % cols;
      for (var e = 0u; e < d; e++) {
        let value = now[plane + e * sites + i * cols + j];
        for (var c = 0u; c < d; c++) { q[c] += weights[w1 + c * 9u * d + block * d + e] * value; }
      }
    }
    for (var c = 0u; c < d; c++) { q[c] = squash(q[c]); }
    for (var c = 0u; c < d; c++) {
      var h = weights[b2 + c];
      for (var e = 0u; e < d; e++) { h += weights[w2 + c * d + e] * q[e]; }
      k[c] = squash(h) + q[c];
    }
    for (var c = 0u; c < d; c++) {
      var h = weights[b3 + c];
      for (var e = 0u; e < d; e++) { h += weights[w3 + c * d + e] * k[e]; }
      said[c] += shape.numbers.x * (squash(h) + q[c] + k[c]);
    }
  }
  var share = 1.0;
  if (shape.rule.y == 1u && level > 0u && !is_dead) { share = 1.0 / (1.0 + writers); }
  for (var c = 0u; c < d; c++) { next[home + c * sites] = share * (now[home + c * sites] + said[c]); }
}
`,ue=class{device;model;size;kernel;adder;shape;add;nets;weights;constructor(e,t){this.device=e,this.model=t;let{rows:n,cols:r,levels:i,length:a,nets:o}=t;this.size=i*a*n*r,this.kernel=C(e,le,`urrrrw`),this.adder=C(e,z,`urrrw`),this.shape=E(e,[n,r,i,a,o.length,Number(t.update===`average`),Number(t.refeed),Number(t.aliveAbove!==null)],[t.scale,0,0,0]),this.add=E(e,[this.size],[t.factor,0,0]),this.nets=y(e,Int32Array.from(o.flatMap(({reads:e,writes:t})=>[e,t]))),this.weights=y(e,de(t))}async settle(e,t){let{device:n,model:r,size:i}=this,a=r.rows*r.cols,o=Float32Array.from(j(r,e)??new Uint8Array(a).fill(1)),s=y(n,D(A(r,e),o)),c=b(n,i*r.steps),l=y(n,t),u=b(n,i),d=r.divisors.map(()=>y(n,t)),f=r.divisors.map(e=>Math.max(1,Math.floor(r.steps/e))),p=n.createCommandEncoder(),m=e=>{this.pass(p,this.adder,[this.add,l,e,e,u],i),[l,u]=[u,l]};for(let e=0;e<r.steps;e++){let t=[this.shape,this.nets,this.weights,s,l,u];this.pass(p,this.kernel,t,a*r.levels),[l,u]=[u,l],d.forEach((t,n)=>{e%f[n]||(m(t),p.copyBufferToBuffer(l,0,t,0,4*i))}),e===r.steps-1&&d.forEach(m),p.copyBufferToBuffer(l,0,c,4*i*e,4*i)}n.queue.submit([p.finish()]);let h=await T(n,c,i*r.steps);return[s,c,l,u,...d].forEach(e=>e.destroy()),Array.from({length:r.steps},(e,t)=>h.slice(t*i,(t+1)*i))}pass(e,t,n,r){let i=e.beginComputePass();i.setPipeline(t),i.setBindGroup(0,w(this.device,t,n)),i.dispatchWorkgroups(Math.ceil(r/64)),i.end()}};function de(e){let{nets:t,length:n}=e,r=(e,n)=>e.subarray(n*e.length/t.length,(n+1)*e.length/t.length),i=[e.weight1,e.bias1,e.weight2,e.bias2,e.weight3,e.bias3,e.place],a=9*n*n+n+2*(n*n+n)+2*n,o=new Float32Array(a*t.length);return t.forEach((e,t)=>o.set(D(...i.map(e=>r(e,t))),t*a)),o}var fe=`// One inner step of a blocked lattice: a cell sees its block's present values and, elsewhere, the
// stale ones of the start of the sweep. One thread per cell, buffers in turn, no barrier.
struct Shape {
  size: vec4<u32>,     // rows, columns, layers, cells
  block: vec4<u32>,    // the same of a block; w: activation (0 silu, 1 relu, 2 leaky_relu, 3 tanh)
  flags: vec4<u32>,    // gated, block_norm, offset of the set of weights, offset of its biases
  numbers: vec4<f32>,  // eps of the block's normalisation
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [set, slot, channel, cell]
@group(0) @binding(2) var<storage, read> bias: array<f32>;     // [set, channel, cell]; then scales
@group(0) @binding(3) var<storage, read> stale: array<f32>;
@group(0) @binding(4) var<storage, read> now: array<f32>;
@group(0) @binding(5) var<storage, read_write> next: array<f32>;
@group(0) @binding(6) var<storage, read> stats: array<vec2<f32>>;  // mean and gain of each block

fn phi(h: f32) -> f32 {
  switch (shape.block.w) {
    case 0u: { return h / (1.0 + exp(-h)); }
    case 1u: { return max(h, 0.0); }
    case 2u: { return select(0.01 * h, h, h > 0.0); }
    default: { return tanh(clamp(h, -15.0, 15.0)); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = id.x;
  let cells = shape.size.w;
  if (p >= cells) { return; }
  let size = vec3<i32>(shape.size.xyz);
  let block = vec3<i32>(shape.block.xyz);
  let at = vec3<i32>(i32(p) / (size.y * size.z), (i32(p) / size.z) % size.y, i32(p) % size.z);
  let home = at / block;
  var moment = vec2<f32>(0.0, 1.0);
  if (shape.flags.y == 1u) {
    let count = size / block;
    moment = stats[(home.x * count.y + home.y) * count.z + home.z];
  }
  let channels = 1u + shape.flags.x;
  var h = vec2<f32>(0.0, 0.0);
  for (var d = 0; d < 27; d++) {
    let q = at + vec3<i32>(d / 9 - 1, (d / 3) % 3 - 1, d % 3 - 1);
    var z = 0.0;
    if (all(q >= vec3<i32>(0)) && all(q < size)) {
      let n = (q.x * size.y + q.y) * size.z + q.z;
      if (all(q / block == home)) { z = now[n]; } else { z = stale[n]; }
    }
    z = (z - moment.x) * moment.y;
    let w = shape.flags.z + u32(d) * channels * cells + p;
    h.x += weight[w] * z;
    if (channels == 2u) { h.y += weight[w + cells] * z; }
  }
  let b = shape.flags.w + p;
  let u = now[p];
  if (channels == 2u) {
    let g = 1.0 / (1.0 + exp(-(h.y + bias[b + cells])));
    next[p] = g * u + (1.0 - g) * phi(h.x + bias[b]);
  } else {
    next[p] = u + bias[b + cells] * phi(h.x + bias[b]);
  }
}
`,pe=`// Mean and 1 / (sd + eps) of each block's window: its cells as they are now, the stale shell, and
// zeros outside the lattice. One thread per block.
struct Shape {
  size: vec4<u32>,
  block: vec4<u32>,
  flags: vec4<u32>,
  numbers: vec4<f32>,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> stale: array<f32>;
@group(0) @binding(2) var<storage, read> now: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec2<f32>>;

fn value(q: vec3<i32>, home: vec3<i32>, block: vec3<i32>, size: vec3<i32>) -> f32 {
  if (any(q < vec3<i32>(0)) || any(q >= size)) { return 0.0; }
  let n = (q.x * size.y + q.y) * size.z + q.z;
  if (all(q / block == home)) { return now[n]; }
  return stale[n];
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let size = vec3<i32>(shape.size.xyz);
  let block = vec3<i32>(shape.block.xyz);
  let count = size / block;
  let n = i32(id.x);
  if (n >= count.x * count.y * count.z) { return; }
  let home = vec3<i32>(n / (count.y * count.z), (n / count.z) % count.y, n % count.z);
  let window = block + vec3<i32>(2);
  let total = window.x * window.y * window.z;
  let corner = home * block - vec3<i32>(1);
  var mean = 0.0;
  for (var i = 0; i < total; i++) {
    let q = corner + vec3<i32>(i / (window.y * window.z), (i / window.z) % window.y, i % window.z);
    mean += value(q, home, block, size);
  }
  mean /= f32(total);
  var square = 0.0;
  for (var i = 0; i < total; i++) {
    let q = corner + vec3<i32>(i / (window.y * window.z), (i / window.z) % window.y, i % window.z);
    let v = value(q, home, block, size) - mean;
    square += v * v;
  }
  let sd = sqrt(square / f32(total)) + shape.numbers.x;
  stats[n] = vec2<f32>(mean, select(0.0, 1.0 / sd, sd > 0.0));
}
`,B=`// LayerNorm over all cells in three dispatches: partial sums, partial squares about the mean, and
// the affine map. Each thread of the last two adds up the few partial sums by itself.
struct Shape { cells: u32, chunk: u32, parts: u32, eps: f32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;     // [parts]
@group(0) @binding(3) var<storage, read_write> squares: array<f32>;  // [parts]
@group(0) @binding(4) var<storage, read> affine: array<f32>;         // weights, then biases
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn mean() -> f32 {
  var total = 0.0;
  for (var i = 0u; i < shape.parts; i++) { total += sums[i]; }
  return total / f32(shape.cells);
}

@compute @workgroup_size(64)
fn add(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.parts) { return; }
  let end = min((id.x + 1u) * shape.chunk, shape.cells);
  var total = 0.0;
  for (var p = id.x * shape.chunk; p < end; p++) { total += x[p]; }
  sums[id.x] = total;
}

@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.parts) { return; }
  let centre = mean();
  let end = min((id.x + 1u) * shape.chunk, shape.cells);
  var total = 0.0;
  for (var p = id.x * shape.chunk; p < end; p++) {
    let v = x[p] - centre;
    total += v * v;
  }
  squares[id.x] = total;
}

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = id.x;
  if (p >= shape.cells) { return; }
  var total = 0.0;
  for (var i = 0u; i < shape.parts; i++) { total += squares[i]; }
  let gain = inverseSqrt(total / f32(shape.cells) + shape.eps);
  y[p] = (x[p] - mean()) * gain * affine[p] + affine[shape.cells + p];
}
`,me=class{device;model;cells;blocks;fixed;kernels;norm;residual;shapes;constructor(t,n){this.device=t,this.model=n;let{shape:r,block:i}=n;this.cells=r[0]*r[1]*r[2],this.blocks=this.cells/(i[0]*i[1]*i[2]);let a=Math.ceil(this.cells/256);this.fixed={weight:y(t,n.weight),bias:y(t,he(n,this.cells)),affine:y(t,D(n.normWeight,n.normBias)),stats:b(t,2*this.blocks),sums:b(t,a),squares:b(t,a)},this.kernels={sweep:C(t,fe,`urrrrwr`),stats:C(t,pe,`urrw`),add:C(t,B,`urwwrw`,`add`),spread:C(t,B,`urwwrw`,`spread`),scale:C(t,B,`urwwrw`,`scale`),combine:C(t,z,`urrrw`)},this.norm=E(t,[this.cells,256,a],[n.eps]),this.residual=E(t,[this.cells],[1,-1,0]);let o=n.isGated?2:1;this.shapes=Array.from({length:n.sets},(a,s)=>E(t,[...r,this.cells,...i,e.indexOf(n.activation),o-1,Number(n.blockNorm),s*27*o*this.cells,s*2*this.cells],[n.blockEps,0,0,0]))}async run(e){let{device:t,model:n,cells:r}=this,i=4*r,a=b(t,r*n.outer*(n.inner+1)),o=y(t,I(n,e)),s=Array.from({length:3},()=>b(t,r)),c=t.createCommandEncoder(),l=0,u=e=>c.copyBufferToBuffer(e,0,a,i*l++,i);for(let e=0;e<n.outer;e++){let t=o;n.outerResidual&&(this.normalise(c,o,s[2]),t=s[2]);let a=t;for(let r=0;r<n.inner;r++){let r=a===s[0]?s[1]:s[0];this.sweep(c,n.sets>1?e:0,t,a,r),u(r),a=r}if(n.outerResidual){let e=a===s[0]?s[1]:s[0];this.pass(c,`combine`,[this.residual,o,a,t,e],r),c.copyBufferToBuffer(e,0,o,0,i)}else{let e=a===s[0]?s[1]:s[0];this.normalise(c,a,e),c.copyBufferToBuffer(e,0,o,0,i)}u(o)}t.queue.submit([c.finish()]);let d=await T(t,a,r*l);[a,o,...s].forEach(e=>e.destroy());let f=n.inner+1,p=Array.from({length:n.outer},(e,t)=>({inner:d.slice(t*f*r,(t*f+n.inner)*r),state:d.slice((t*f+n.inner)*r,(t+1)*f*r)}));return{steps:p,scores:te(n,p[p.length-1].state)}}sweep(e,t,n,r,i){let{weight:a,bias:o,stats:s}=this.fixed,c=this.shapes[t];this.model.blockNorm&&this.pass(e,`stats`,[c,n,r,s],this.blocks,16),this.pass(e,`sweep`,[c,a,o,n,r,i,s],this.cells)}normalise(e,t,n){let{sums:r,squares:i,affine:a}=this.fixed,o=[this.norm,t,r,i,a,n],s=Math.ceil(this.cells/256);this.pass(e,`add`,o,s),this.pass(e,`spread`,o,s),this.pass(e,`scale`,o,this.cells)}pass(e,t,n,r,i=64){let a=e.beginComputePass();a.setPipeline(this.kernels[t]),a.setBindGroup(0,w(this.device,this.kernels[t],n)),a.dispatchWorkgroups(Math.ceil(r/i)),a.end()}};function he(e,t){if(!e.scale)return e.bias;let n=new Float32Array(e.sets*2*t);for(let r=0;r<e.sets;r++)n.set(e.bias.subarray(r*t,(r+1)*t),2*r*t),n.set(e.scale.subarray(r*t,(r+1)*t),(2*r+1)*t);return n}var V=`// One wave of one column in two dispatches, and of a buffer in one. A train is a word, bit t for
// step t; trains lie as [wave, unit], units of all populations side by side.
struct Wave {
  at: vec4<u32>,       // wave, units in all, steps of a wave, one past the last step seen
  column: vec4<u32>,   // first unit, size, winners (0: all), links
  rule: vec4<u32>,     // waves are separate; of a buffer: first unit of its source
  numbers: vec4<f32>,  // threshold
}
struct Link { first: u32, size: u32, weight: u32, height: f32 }

@group(0) @binding(0) var<uniform> wave: Wave;
@group(0) @binding(1) var<storage, read> links: array<Link>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;            // [source, target] of each link
@group(0) @binding(3) var<storage, read_write> trains: array<u32>;      // [wave, unit]
@group(0) @binding(4) var<storage, read_write> times: array<u32>;       // [unit], 0xffff: never
@group(0) @binding(5) var<storage, read_write> drives: array<f32>;      // [wave, unit]

fn shown(unit: u32) -> u32 {
  let full = (1u << wave.at.z) - 1u;
  var carried = 0u;
  if (wave.rule.x == 0u && wave.at.x > 0u) {
    carried = (trains[(wave.at.x - 1u) * wave.at.y + unit] >> (wave.at.z - 1u)) & 1u;
  }
  return ((trains[wave.at.x * wave.at.y + unit] << 1u) & full) | carried;
}

@compute @workgroup_size(64)
fn cross(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  if (j >= wave.column.y) { return; }
  var first = 0xffffu;
  var drive = 0.0;
  for (var t = 0u; t < wave.at.z; t++) {
    drive = 0.0;
    for (var n = 0u; n < wave.column.w; n++) {
      let link = links[n];
      for (var i = 0u; i < link.size; i++) {
        if (((shown(link.first + i) >> t) & 1u) == 1u) {
          drive += link.height * weight[link.weight + i * wave.column.y + j];
        }
      }
    }
    if (drive >= wave.numbers.x && first == 0xffffu) { first = t; }
  }
  times[wave.column.x + j] = first;
  drives[wave.at.x * wave.at.y + wave.column.x + j] = drive;
}

// The earliest win, the first in the column on ties.
@compute @workgroup_size(64)
fn win(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  if (j >= wave.column.y) { return; }
  let own = times[wave.column.x + j];
  var place = 0u;
  for (var i = 0u; i < wave.column.y; i++) {
    let other = times[wave.column.x + i];
    if (other < own || (other == own && i < j)) { place++; }
  }
  let fires = own < wave.at.w && (wave.column.z == 0u || place < wave.column.z);
  let full = (1u << wave.at.w) - 1u;
  trains[wave.at.x * wave.at.y + wave.column.x + j] = select(0u, (full << own) & full, fires);
}

// What a buffer shows in the next wave.
@compute @workgroup_size(64)
fn keep(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  if (j >= wave.column.y) { return; }
  let next = (wave.at.x + 1u) * wave.at.y + wave.column.x + j;
  trains[next] = shown(wave.rule.y + j);
}
`,ge=class{device;model;first={};units;trains;drives;steps=[];constructor(e,t){this.device=e,this.model=t;let n=0;for(let[e,r]of Object.entries(t.sizes))this.first[e]=n,n+=r;this.units=n,this.trains=b(e,(t.waves+1)*n),this.drives=b(e,t.waves*n);let r=y(e,D(...t.links.map(e=>e.weight))),i=b(e,n),a={cross:C(e,V,`urrwww`,`cross`),win:C(e,V,`urrwww`,`win`),keep:C(e,V,`urrwww`,`keep`)},o=new Map(t.columns.map(e=>[e.name,this.linkTable(e.name)])),s=this.linkTable(``);for(let c=0;c<t.waves;c++){let l=[c,n,t.length,t.lastStep],u=(t,n,a,o)=>{let s=[n,a,r,this.trains,i,this.drives];this.steps.push({kernel:t,group:w(e,t,s),threads:o})};for(let{name:n,size:r,winners:i,threshold:s}of t.columns){let c=t.links.filter(e=>e.target===n).length,d=E(e,[...l,this.first[n],r,i??0,c,Number(t.separateWaves),0,0,0],[s,0,0,0]);u(a.cross,d,o.get(n),r),u(a.win,d,o.get(n),r)}for(let{name:n,of:r,height:i}of t.buffers){if(!i)continue;let o=[...l,this.first[n],t.sizes[n],0,0,Number(t.separateWaves),this.first[r],0,0];u(a.keep,E(e,o,[0,0,0,0]),s,t.sizes[n])}}}linkTable(e){let{model:t}=this,n=/* @__PURE__ */ new ArrayBuffer(16*Math.max(1,t.links.length)),r=new DataView(n),[i,a]=[0,0];for(let n of t.links)n.target===e&&(r.setUint32(16*a,this.first[n.source],!0),r.setUint32(16*a+4,t.sizes[n.source],!0),r.setUint32(16*a+8,i,!0),r.setFloat32(16*a+12,n.height,!0),a++),i+=n.weight.length;return y(this.device,new Int32Array(n))}async run(e){let{device:t,model:n,units:r}=this,i=new Int32Array((n.waves+1)*r);ie(n,e).forEach((e,t)=>{for(let{name:a,channels:o}of n.inputs)o.forEach((n,o)=>i[t*r+this.first[a]+o]=e[n])}),t.queue.writeBuffer(this.trains,0,i);let a=t.createCommandEncoder(),o=a.beginComputePass();for(let{kernel:e,group:t,threads:n}of this.steps)o.setPipeline(e),o.setBindGroup(0,t),o.dispatchWorkgroups(Math.ceil(n/64));o.end(),t.queue.submit([a.finish()]);let[s,c]=await Promise.all([T(t,this.trains,n.waves*r),T(t,this.drives,n.waves*r)]),l=new Uint32Array(s.buffer),u=(e,t,i)=>{let a=n.sizes[t];for(let o=0;o<n.waves;o++){let n=o*r+this.first[t];i.set(e.subarray(n,n+a),o*a)}return i},d={};for(let[e,t]of Object.entries(n.sizes))d[e]=u(l,e,new Uint32Array(n.waves*t));return{trains:d,drives:Object.fromEntries(n.columns.map(({name:e,size:t})=>[e,u(c,e,new Float32Array(n.waves*t))])),scores:R(n,d)}}},_e=`// One tick of the skewed wavefront: cell k does its step t = tick - depth(k), so everything that
// it reads was written in earlier ticks and no barrier is needed.
struct Shape { cells: u32, slots: u32, channels: u32, steps: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> numbers: array<f32>;   // cell: decay, bias, weight per slot
@group(0) @binding(2) var<storage, read> tables: array<i32>;    // cell: depth, pred and channel per slot
@group(0) @binding(3) var<storage, read> inputs: array<f32>;    // [step, channel]
@group(0) @binding(4) var<storage, read_write> state: array<f32>;    // [step, cell]
@group(0) @binding(5) var<storage, read_write> outputs: array<f32>;  // [step, cell]
@group(0) @binding(6) var<uniform> tick: vec4<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let k = id.x;
  if (k >= shape.cells) { return; }
  let slots = shape.slots;
  let table = k * (1u + 2u * slots);
  let depth = u32(tables[table]);
  if (tick.x < depth || tick.x - depth >= shape.steps) { return; }
  let t = tick.x - depth;
  let at = k * (2u + slots);
  var drive = 0.0;
  for (var f = 0u; f < slots; f++) {
    let p = tables[table + 1u + f];
    let c = tables[table + 1u + slots + f];
    var value = 0.0;
    if (p >= 0) { value = outputs[t * shape.cells + u32(p)]; }
    else if (c >= 0) { value = inputs[t * shape.channels + u32(c)]; }
    drive += numbers[at + 2u + f] * value;
  }
  let a = numbers[at];
  var before = 0.0;
  if (t > 0u) { before = state[(t - 1u) * shape.cells + k]; }
  let now = a * before + (1.0 - a) * drive;
  state[t * shape.cells + k] = now;
  // tanh of large arguments overflows on some implementations; at 15 it is 1 in float32.
  outputs[t * shape.cells + k] = tanh(clamp(now + numbers[at + 1u], -15.0, 15.0));
}
`,ve=class{device;model;kernel;ticks;tables;shape;constructor(e,t){this.device=e,this.model=t;let{wiring:n,input:r}=t;this.kernel=C(e,_e,`urrrwwu`),this.tables=y(e,ye(t)),this.shape=x(e,[n.cells,n.slots,n.channels,r.steps]);let i=r.steps+n.maxDepth;this.ticks=Array.from({length:i},(t,n)=>x(e,[n]))}async run(e,t){let{device:n,kernel:r,model:a}=this,{wiring:o,input:s}=a,c=s.steps*o.cells,l=y(n,be(a,e)),u=y(n,Float32Array.from(t)),[d,f]=[b(n,c),b(n,c)],p=n.createCommandEncoder(),m=p.beginComputePass();m.setPipeline(r);for(let e of this.ticks){let t=[this.shape,l,this.tables,u,d,f,e];m.setBindGroup(0,w(n,r,t)),m.dispatchWorkgroups(Math.ceil(o.cells/64))}m.end(),n.queue.submit([p.finish()]);let[h,g]=await Promise.all([T(n,d,c),T(n,f,c)]);for(let e of[l,u,d,f])e.destroy();let{scores:_}=i(o,a.readoutGain,g,s.steps);return{states:h,outputs:g,scores:_}}};function ye({wiring:e}){let{cells:t,slots:n,pred:r,channel:i,depth:a}=e,o=1+2*n,s=new Int32Array(t*o);for(let e=0;e<t;e++)s[e*o]=a[e],s.set(r.subarray(e*n,(e+1)*n),e*o+1),s.set(i.subarray(e*n,(e+1)*n),e*o+1+n);return s}function be(e,t){let{cells:r,slots:i}=e.wiring,a=n(t,e.dt),o=new Float32Array(r*(2+i));for(let e=0;e<r;e++){let n=e*(2+i);o[n]=a[e],o[n+1]=t.bias[e],o.set(t.weight.subarray(e*i,(e+1)*i),n+2)}return o}var xe=class{model;trainer;gpu;pairs;constructor(e,t,n){this.model=e,this.trainer=n,this.gpu=t&&new ve(t,e),this.pairs=s(e.wiring,n.hops)}async run(e,n){let{model:i,trainer:a}=this,{params:o}=a,s=t(i.input,e),c=r(i.wiring,o,i.dt,i.readoutGain,s),u=c;if(this.gpu){let{scores:e,outputs:t,states:n}=await this.gpu.run(o,s);u={...c,scores:e,outputs:Float64Array.from(t),states:Float64Array.from(n)}}let d=n.target??h(u.scores),f=l(i.wiring,this.pairs,o,i.dt,i.readoutGain,s,u,d);return{scores:u.scores,arrays:{inputs:Float32Array.from(s),outputs:Float32Array.from(u.outputs),states:Float32Array.from(u.states),messages:Float32Array.from(f.messages),traces:Float32Array.from(f.traces),weights:Float32Array.from(o.weight)}}}};function H(e,t,n){switch(e.family){case`leaky`:return new xe(e,t,n??new m(e,e.hops));case`gridnet`:return new Se(e,t);case`glom`:return new Ce(e,t);case`tnn`:return new we(e,t)}}const U={arrays:{},scores:/* @__PURE__ */ new Float64Array(10)};var Se=class{model;cpu;gpu;blank;constructor(e,t){this.model=e,this.cpu=new ee(e),this.gpu=t&&new me(t,e),this.blank=[this.cpu.start(/* @__PURE__ */ new Uint8Array(784))]}blankAt(e){for(let t=this.blank.length;t<=e;t++)this.blank.push(this.cpu.step(this.blank[t-1],t-1).state.slice());return this.blank[e].slice()}async run(e,t,n){let r=this.cpu.start(e);if(!await n(0,{state:r.slice(),blank:this.blankAt(0)}))return U;if(this.gpu){let{steps:t,scores:r}=await this.gpu.run(e);for(let[e,r]of t.entries())if(!await n(e+1,this.part(r,e+1)))return U;return{arrays:{},scores:r}}let i=r;for(let e=0;e<this.model.outer;e++){let t=this.cpu.step(i,e);if(i=t.state.slice(),!await n(e+1,this.part(t,e+1)))return U}return{arrays:{},scores:this.cpu.read(i)}}part(e,t){let n=Float32Array.from(this.cpu.read(e.state));return{inner:e.inner,state:e.state,blank:this.blankAt(t),scores:n}}},Ce=class{model;cpu;gpu;constructor(e,t){this.model=e,this.cpu=new O(e),this.gpu=t&&new ue(t,e)}async run(e,t,n){let r=this.cpu.start(e),i=/* @__PURE__ */ new Float64Array(10),a=0,o=(e,t)=>(r=e,i=M(this.model,r,t),n(a++,{state:r.slice(),scores:Float32Array.from(i)}));for(let n of t.second?[e,t.second]:[e]){let e=j(this.model,n);if(a&&(r=r.slice(),r.set(this.cpu.bottom(n))),!a&&!await o(r,e))return U;for await(let t of this.settle(n,r,e))if(!await o(t,e))return U}return{arrays:{},scores:i}}async*settle(e,t,n){if(this.gpu){yield*await this.gpu.settle(e,t);return}let{cpu:r,model:i}=this,a=new k(i,t),o=r.bottom(e),s=t;for(let e=0;e<i.steps;e++)s=a.apply(r.advance(s,o,n),e),yield e===i.steps-1&&i.divisors.length?a.finish(s):s}},we=class{cpu;gpu;constructor(e,t){this.cpu=new oe(e),this.gpu=t&&new ge(t,e)}async run(e){let t=this.gpu?await this.gpu.run(e):this.cpu.run(e),n={};for(let[e,r]of Object.entries(t.trains))n[`train ${e}`]=Float32Array.from(r);for(let[e,r]of Object.entries(t.drives))n[`drive ${e}`]=r;return{arrays:n,scores:t.scores}}};const W=self;let G=null,K=null,q=null,J=null,Y=null,X=!1,Te=0;function Z(e,t=[]){W.postMessage(e,t)}function Ee(e){return e instanceof Error?e.message:String(e)}W.onmessage=e=>{let t=e.data;De(t).catch(e=>Z({kind:`failed`,message:Ee(e)}))};async function De(e){if(e.kind===`open`)return Oe(e.model,e.backend);if(e.kind===`run`)return Y=e,$();if(e.kind===`lose`)return G?.device.destroy();if(q){if(e.kind===`learn`){let t=q.step(e.lessons);for(let n=1;n<e.steps;n++)t=q.step(e.lessons);Z({kind:`learned`,progress:t,params:q.params})}else e.kind===`forget`?q.forget():q.restore()}}async function Oe(e,t){let n=++Te;K=e,J=null,q=e.family===`leaky`?new m(e,e.hops):null;let r=G&&t!==`cpu`?G:await v(t);n===Te&&(typeof r==`string`?Q(r):(r!==G&&ke(r),G=r,J=H(e,r.device,q),Z({kind:`backend`,backend:`webgpu`,why:r.name})),await $())}function Q(e){G=null,K&&(J=H(K,null,q),Z({kind:`backend`,backend:`cpu`,why:e}))}function ke(e){e.device.lost.then(t=>{G===e&&(Q(`the graphics device was lost (${t.reason||`unknown`})`),$())})}async function $(){if(!X){X=!0;try{for(;Y&&J;){let e=Y;Y=null,await Ae(e,J)}}finally{X=!1}}}async function Ae(e,t){let n=async(n,r)=>{let i=Object.values(r).map(e=>e.buffer);return Z({kind:`part`,id:e.id,at:n,arrays:r},i),await new Promise(e=>setTimeout(e)),Y===null&&J===t},r=performance.now();try{let{arrays:i,scores:a}=await t.run(e.image,e.options,n),o=performance.now()-r,s=Object.values(i).map(e=>e.buffer),c=G&&J===t?`webgpu`:`cpu`;Z({kind:`done`,id:e.id,arrays:i,scores:a,ms:o,backend:c},s)}catch(n){J!==t||!G||Q(`WebGPU failed (${Ee(n)})`),Y??=e}}