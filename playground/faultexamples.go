package main

// faultExamples are the examples of the commands below "fault".
var faultExamples = map[string]string{
	"stop": `  ebb-playground fault stop 127.41.1.11:20160
  ebb-playground fault stop 4`,
	"start": `  ebb-playground fault start 127.41.1.11:20160
  ebb-playground fault start 4`,
	"restart": `  ebb-playground fault restart 127.41.1.11:20160
  ebb-playground fault restart 4`,
	"forget": `  ebb-playground fault forget 127.41.1.11:20160
  ebb-playground fault forget 4`,
	"slow": `  ebb-playground fault slow 4 --factor 20 --score 90
  ebb-playground fault slow 4 --busy
  ebb-playground fault slow 4`,
	"fill": `  ebb-playground fault fill 4 0.95
  ebb-playground fault fill 127.41.1.11:20160 0`,
	"ignore-operators": `  ebb-playground fault ignore-operators
  ebb-playground fault ignore-operators 4
  ebb-playground fault ignore-operators --undo`,
	"lose-majority": `  ebb-playground fault lose-majority 127.41.1.12:20160 --count 3
  ebb-playground fault lose-majority --region 1042`,
	"orphan": `  ebb-playground fault orphan --count 10 --store 99 --replace
  ebb-playground fault orphan --region 1042 --learner`,
	"pending": `  ebb-playground fault pending 1042 4
  ebb-playground fault pending 1042 127.41.1.11:20160`,
	"down-peer": `  ebb-playground fault down-peer 1042 4
  ebb-playground fault down-peer 1042 127.41.1.11:20160`,
	"joint": `  ebb-playground fault joint 1042
  ebb-playground fault joint 1042 --name playground-2`,
	"heal": `  ebb-playground fault heal 1042
  ebb-playground fault heal 1042 --name playground-2`,
	"mute": `  ebb-playground fault mute 1042
  ebb-playground fault mute 1042 --undo`,
	"resize": `  ebb-playground fault resize 1042 10GiB
  ebb-playground fault resize 1042 96MiB`,
	"pd-stop": `  ebb-playground fault pd-stop pd-1
  ebb-playground fault pd-stop pd-1 --name playground-2`,
	"pd-start": `  ebb-playground fault pd-start pd-1
  ebb-playground fault pd-start pd-1 --name playground-2`,
	"pd-leader": `  ebb-playground fault pd-leader
  ebb-playground fault pd-leader pd-2`,
	"host-down": `  ebb-playground fault host-down 127.41.1.11
  ebb-playground fault host-down tikv-1`,
	"host-up": `  ebb-playground fault host-up 127.41.1.11
  ebb-playground fault host-up tikv-1`,
	"ssh-hang": `  ebb-playground fault ssh-hang 127.41.1.11
  ebb-playground fault ssh-hang tikv-1 --undo`,
	"ssh-cut": `  ebb-playground fault ssh-cut 127.41.1.11
  ebb-playground fault ssh-cut tikv-1`,
	"ssh-cut-next": `  ebb-playground fault ssh-cut-next 127.41.1.11
  ebb-playground fault ssh-cut-next tikv-1 --undo`,
	"ssh-new-key": `  ebb-playground fault ssh-new-key 127.41.1.11
  ebb-playground fault ssh-new-key tikv-1`,
	"sudo-password": `  ebb-playground fault sudo-password 127.41.1.11 --password secret
  ebb-playground fault sudo-password tikv-1 --password=`,
}
